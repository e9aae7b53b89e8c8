import type { FastifyInstance } from 'fastify'
import { type Client, clientName, documentHost } from '../../clients/client.ts'
import { isOwnClient } from '../../clients/own-clients.ts'
import { listOwnedClients, readClient } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { statusWhenEnabled, switchClient } from '../../declarations/client-status.ts'
import { offered } from '../../endpoints/offered.ts'
import type { AdminFact } from '../../http/admin-views.ts'
import { countConsents } from '../../users/consents.ts'
import { code, fact, link, number, text, word } from '../cells.ts'
import { changer, registerChange } from '../change.ts'
import { type Asked, registerList, ROWS, stands } from '../list-page.ts'
import type { AdminKit, AdminSection } from '../section.ts'
import { registerThing } from '../thing-page.ts'

// Applications: what was registered and by whom, and shutting one out. Registrations are changed by those who own them, on the dashboard.

const NAME = 'clients'
const PATH = '/admin/clients'
const FILTERS = [{ name: 'q', hint: true }, { name: 'status', options: ['production', 'development', 'disabled'] }]
/** Rows that are read at once while a filter is applied to them. */
const CHUNK = 500

function hrefOf({ clientId }: Client): string {
  return `${PATH}/${encodeURIComponent(clientId)}`
}

async function find(ctx: Context, { language, filters, after: first }: Asked): Promise<readonly Client[]> {
  const status = filters.get('status')
  const fits = (client: Client): boolean => (status === undefined || client.status === status) && stands(filters.get('q'), [client.clientId, clientName(client, language), client.metadata.organization ?? ''])
  const found: Client[] = []
  for (let after = first; found.length <= ROWS; ) {
    const chunk = await listOwnedClients(ctx.db, 'all', { after, limit: CHUNK })
    found.push(...chunk.filter(fits))
    if (chunk.length < CHUNK) break
    after = chunk.at(-1)?.clientId
  }
  return found.slice(0, ROWS + 1)
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
      await switchClient(ctx, changer(operator), client, enable ? statusWhenEnabled(client, offered) : 'disabled', offered)
    },
  })
}

export const clients: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    registerList<Client>(app, kit, {
      section: NAME,
      path: PATH,
      names: FILTERS,
      columns: ['name', 'id', 'organization', 'status', 'profile'],
      find: (asked) => find(ctx, asked),
      idOf: ({ clientId }) => clientId,
      cells: (client, language) => [link(clientName(client, language), hrefOf(client)), code(client.clientId), code(client.metadata.organization), word(client.status), code(client.metadata.profile)],
    })
    registerThing<Client>(app, kit, {
      section: NAME,
      path: PATH,
      find: (id) => findAny(ctx, id),
      show: async (client, language) => {
        const name = client.status === 'disabled' ? 'enable' : 'disable'
        return { title: clientName(client, language), facts: await factsOf(ctx, client), actions: [{ name, href: `${hrefOf(client)}/${name}` }] }
      },
    })
    statusChange(app, ctx, kit, true)
    statusChange(app, ctx, kit, false)
  },
}
