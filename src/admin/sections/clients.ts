import type { FastifyInstance, FastifyRequest } from 'fastify'
import { notFound } from '../../account/not-found.ts'
import { type Client, clientName, documentHost } from '../../clients/client.ts'
import { clientMetadataSchema } from '../../clients/metadata.ts'
import { isOwnClient } from '../../clients/own-clients.ts'
import { listOwnedClients, readClient, setClientStatus } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { inTransaction } from '../../database/transaction.ts'
import { offered } from '../../endpoints/offered.ts'
import type { AdminFact } from '../../http/admin-views.ts'
import { queryForm } from '../../http/forms.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { countConsents } from '../../users/consents.ts'
import { code, fact, link, number, text, word } from '../cells.ts'
import { registerChange } from '../change.ts'
import { listModel, readAfter, readDone, readFilters, ROWS } from '../list-page.ts'
import { type AdminKit, type AdminSection, isOperator } from '../section.ts'

// Applications: what was registered and by whom, and shutting one out. Registrations are changed by those who own them, on the dashboard.

const NAME = 'clients'
const PATH = '/admin/clients'
const FILTERS = [{ name: 'q', hint: true }, { name: 'status', options: ['production', 'development', 'disabled'] }]
/** Rows that are read at once while a filter is applied to them. */
const CHUNK = 500

interface Named {
  Params: { id: string }
}

function hrefOf({ clientId }: Client): string {
  return `${PATH}/${encodeURIComponent(clientId)}`
}

function fits(client: Client, filters: ReadonlyMap<string, string>, language: string): boolean {
  const [wanted, status] = [filters.get('q')?.toLowerCase(), filters.get('status')]
  if (status !== undefined && client.status !== status) return false
  return wanted === undefined || [client.clientId, clientName(client, language), client.metadata.organization ?? ''].some((known) => known.toLowerCase().includes(wanted))
}

async function find(ctx: Context, request: FastifyRequest, filters: ReadonlyMap<string, string>): Promise<readonly Client[]> {
  const language = requestLocale(request)
  const found: Client[] = []
  for (let after = readAfter(request); found.length <= ROWS; ) {
    const chunk = await listOwnedClients(ctx.db, 'all', { after, limit: CHUNK })
    found.push(...chunk.filter((client) => fits(client, filters, language)))
    if (chunk.length < CHUNK) break
    after = chunk.at(-1)?.clientId
  }
  return found.slice(0, ROWS + 1)
}

function listPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  app.get(PATH, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const language = requestLocale(request)
    const filters = readFilters(request, FILTERS)
    return page(reply, request, 'admin-list', listModel(kit, request, operator, {
      section: NAME, path: PATH, names: FILTERS, filters, things: await find(ctx, request, filters),
      columns: ['name', 'id', 'organization', 'status', 'profile'],
      idOf: ({ clientId }) => clientId,
      cells: (client) => [link(clientName(client, language), hrefOf(client)), code(client.clientId), code(client.metadata.organization), word(client.status), code(client.metadata.profile)],
    }))
  })
}

/** Parts of this server are nobody's to change. */
async function findAny(ctx: Context, id: string): Promise<Client | undefined> {
  return isOwnClient(id) ? undefined : readClient(ctx.db, id)
}

async function factsOf(ctx: Context, client: Client): Promise<readonly AdminFact[]> {
  const { clientId, status, metadata, ownerUserId, secretHashes } = client
  return [
    fact('id', code(clientId)),
    fact('status', word(status)),
    fact('organization', ...(metadata.organization === undefined ? [] : [link(metadata.organization, `/admin/organizations/${metadata.organization}`)])),
    fact('owner', ...(ownerUserId === undefined ? [] : [link(ownerUserId, `/admin/users/${ownerUserId}`)])),
    fact('described-at', text(documentHost(client))),
    fact('application-type', code(metadata.application_type)),
    fact('profile', code(metadata.profile)),
    fact('compatibility', ...metadata.compatibility.map(code)),
    fact('grants', ...metadata.grant_types.map(code)),
    fact('method', code(metadata.token_endpoint_auth_method)),
    fact('secrets', number(secretHashes.length)),
    fact('addresses', ...metadata.redirect_uris.map(code)),
    fact('scopes', ...client.scopes.map(code)),
    fact('contacts', ...(metadata.contacts ?? []).map(code)),
    fact('people', number(await countConsents(ctx.db, client.key))),
    fact('events', link(clientId, `/admin/audit?${new URLSearchParams({ target: clientId })}`)),
  ]
}

function clientPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  app.get<Named>(`${PATH}/:id`, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const client = await findAny(ctx, request.params.id)
    if (client === undefined) throw notFound()
    const name = client.status === 'disabled' ? 'enable' : 'disable'
    return page(reply, request, 'admin-thing', {
      admin: kit.frame(operator, NAME),
      section: NAME,
      title: clientName(client, requestLocale(request)),
      done: readDone(queryForm(request).single.get('done')),
      facts: await factsOf(ctx, client),
      tables: [],
      actions: [{ name, href: `${hrefOf(client)}/${name}` }],
      backHref: PATH,
    })
  })
}

/** As what a client that was shut out comes back: in development where it has what no production client may have. */
function statusWhenEnabled(client: Client): Client['status'] {
  if (documentHost(client) !== undefined) return 'production'
  return clientMetadataSchema(offered).safeParse({ ...client.metadata, status: 'production' }).success ? 'production' : 'development'
}

function statusChange(app: FastifyInstance, ctx: Context, kit: AdminKit, enable: boolean): void {
  const question = enable ? 'enable' : 'disable'
  registerChange<Client>(app, kit, {
    section: NAME,
    path: `${PATH}/:id/${question}`,
    question,
    find: (id) => findAny(ctx, id),
    subject: ({ clientId }) => clientId,
    backHref: hrefOf,
    act: async (client, { operator }) => {
      if ((client.status !== 'disabled') === enable) return
      const to = enable ? statusWhenEnabled(client) : 'disabled'
      await inTransaction(ctx.db, (trx) => setClientStatus(trx, client.clientId, to))
      ctx.audit.record({ event: 'client.changed', clientId: client.clientId, change: `status ${to} by an operator`, actor: operator.user.userId })
    },
  })
}

export const clients: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    listPage(app, ctx, kit)
    clientPage(app, ctx, kit)
    statusChange(app, ctx, kit, true)
    statusChange(app, ctx, kit, false)
  },
}
