import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../../account/not-found.ts'
import type { Context } from '../../context.ts'
import { switchProviderBy } from '../../declarations/provider-state.ts'
import type { AdminCell, AdminFact } from '../../http/admin-views.ts'
import { anyQueryForm } from '../../http/forms.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { listTroubles, type Trouble } from '../../upstream/health.ts'
import { connectorTypes } from '../../upstream/index.ts'
import { type KnownProvider, listKnownProviders, readProvider } from '../../upstream/store.ts'
import { code, fact, link, moment, number, text, word } from '../cells.ts'
import { changer, registerChange } from '../change.ts'
import { type Connection, tryConnection } from '../connection.ts'
import { providerUse } from '../provider-use.ts'
import { type Asked, readDone, registerList, ROWS } from '../list-page.ts'
import { type AdminKit, type AdminSection, isOperator, type Operator } from '../section.ts'

// Where people sign in: which providers there are, which of them do not answer, and switching one off until it is mended. Settings and secrets
// are changed in files, where a provider is declared.

const NAME = 'providers'
const PATH = '/admin/providers'
const TRY = 'try-connection'
const MOST_TROUBLES = 1000
const FILTERS = [{ name: 'q', hint: true }, { name: 'protocol', options: connectorTypes.map(({ protocol }) => protocol), codes: true }, { name: 'state', options: ['on', 'off'] }]

interface Named {
  Params: { id: string }
}

function hrefOf({ provider }: KnownProvider): string {
  return `${PATH}/${provider.provider_id}`
}

/** How often each has failed lately, by its id. */
async function troublesOf(ctx: Context): Promise<ReadonlyMap<string, Trouble>> {
  return new Map((await listTroubles(ctx, MOST_TROUBLES)).map((one) => [one.providerId, one]))
}

function factsOf({ provider, federation, declared }: KnownProvider, trouble: Trouble | undefined): readonly AdminFact[] {
  const { disabled, disabled_reason: reason } = provider
  return [
    fact('id', code(provider.provider_id)),
    fact('state', word(disabled ? 'off' : 'on'), ...(disabled && reason !== undefined ? [word(`off-${reason}`)] : [])),
    fact('protocol', code(provider.protocol)),
    fact('organization', ...(provider.organization === undefined ? [] : [link(provider.organization, `/admin/organizations/${provider.organization}`)])),
    fact('federation', code(federation)),
    fact('realms', ...(provider.realms ?? []).map(code)),
    fact('country', text(provider.country?.toUpperCase())),
    fact('from', word(federation !== undefined ? 'a-federation' : declared ? 'a-file' : 'the-api')),
    fact('failures', number(trouble?.failures ?? 0)),
    fact('failed', moment(trouble?.lastAt)),
    fact('events', link(provider.provider_id, `/admin/audit?${new URLSearchParams({ target: provider.provider_id })}`)),
  ]
}

/** A provider as its row shows it. */
interface Row {
  readonly known: KnownProvider
  readonly trouble: Trouble | undefined
}

async function find(ctx: Context, { filters, after }: Asked): Promise<readonly Row[]> {
  const state = filters.get('state')
  const disabled = state === undefined ? undefined : state === 'off'
  const [things, troubles] = await Promise.all([listKnownProviders(ctx.db, { query: filters.get('q'), protocol: filters.get('protocol'), disabled }, { after, limit: ROWS + 1 }), troublesOf(ctx)])
  return things.map((known) => ({ known, trouble: troubles.get(known.provider.provider_id) }))
}

function switchOf({ provider }: KnownProvider): string {
  return provider.disabled ? 'switch-on' : 'switch-off'
}

function connectionCells({ result, detail }: Connection): readonly AdminCell[] {
  return [word(result), ...(detail === undefined ? [] : [code(detail)])]
}

function providerPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  const show = async (request: FastifyRequest, reply: FastifyReply, operator: Operator, id: string, connection?: Connection): Promise<FastifyReply> => {
    const known = await readProvider(ctx.db, id)
    if (known === undefined) throw notFound()
    const { provider } = known
    const use = await providerUse(ctx, provider.provider_id)
    return page(reply, request, 'admin-thing', {
      admin: kit.frame(operator, NAME),
      section: NAME,
      title: localized(provider.name, requestLocale(request)),
      done: connection === undefined ? readDone(anyQueryForm(request).single.get('done')) : connection.result === 'connection-good' ? 'try-connection' : 'connection-failed',
      facts: [
        ...(connection === undefined ? [] : [fact('connection', ...connectionCells(connection))]),
        ...factsOf(known, (await troublesOf(ctx)).get(provider.provider_id)),
        use.fact,
      ],
      tables: [use.table],
      actions: [...(provider.protocol === 'local' ? [] : [{ name: TRY, href: `${hrefOf(known)}/${TRY}` }]), { name: switchOf(known), href: `${hrefOf(known)}/${switchOf(known)}` }],
      backHref: PATH,
    })
  }

  app.get<Named>(`${PATH}/:id`, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    return isOperator(operator) ? show(request, reply, operator, request.params.id) : operator
  })

  const tryPath = `${PATH}/:id/${TRY}`
  app.get<Named>(tryPath, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply, { change: true })
    if (!isOperator(operator)) return operator
    const known = await readProvider(ctx.db, request.params.id)
    if (known === undefined) throw notFound()
    const action = `${hrefOf(known)}/${TRY}`
    return page(reply, request, 'admin-confirm', { admin: kit.frame(operator, NAME), question: TRY, subject: known.provider.provider_id, action, csrf: kit.token(operator, action), backHref: hrefOf(known) })
  })

  app.post<Named>(tryPath, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply, { change: true })
    if (!isOperator(operator)) return operator
    const { id } = request.params
    kit.ownForm(request, operator, `${PATH}/${encodeURIComponent(id)}/${TRY}`)
    if ((await readProvider(ctx.db, id)) === undefined) throw notFound()
    return show(request, reply, operator, id, await tryConnection(ctx, id))
  })
}

function switching(ctx: Context, app: FastifyInstance, kit: AdminKit, on: boolean): void {
  const question = on ? 'switch-on' : 'switch-off'
  registerChange(app, kit, {
    section: NAME,
    path: `${PATH}/:id/${question}`,
    question,
    find: (id) => readProvider(ctx.db, id),
    subject: ({ provider }) => provider.provider_id,
    note: ({ declared }) => (declared ? 'declared' : undefined),
    backHref: hrefOf,
    act: async ({ provider: { provider_id: providerId } }, { operator }) => {
      await switchProviderBy(ctx, changer(operator), providerId, on)
    },
  })
}

export const providers: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    registerList<Row>(app, kit, {
      section: NAME,
      path: PATH,
      names: FILTERS,
      columns: ['name', 'id', 'protocol', 'state', 'failures', 'failed'],
      find: (asked) => find(ctx, asked),
      idOf: ({ known }) => known.provider.provider_id,
      cells: ({ known, trouble }, language) => {
        const { provider } = known
        return [link(localized(provider.name, language), hrefOf(known)), code(provider.provider_id), code(provider.protocol), word(provider.disabled ? 'off' : 'on'), number(trouble?.failures ?? 0), moment(trouble?.lastAt)]
      },
    })
    providerPage(app, ctx, kit)
    switching(ctx, app, kit, true)
    switching(ctx, app, kit, false)
  },
}
