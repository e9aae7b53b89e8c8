import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../../account/not-found.ts'
import type { Context } from '../../context.ts'
import { inTransaction } from '../../database/transaction.ts'
import type { AdminCell } from '../../http/admin-views.ts'
import { anyQueryForm } from '../../http/forms.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { listTroubles } from '../../upstream/health.ts'
import { connectorTypes } from '../../upstream/index.ts'
import { type KnownProvider, listKnownProviders, readProvider, switchProvider } from '../../upstream/store.ts'
import { code, fact, link, moment, number, text, word } from '../cells.ts'
import { registerChange } from '../change.ts'
import { type Connection, tryConnection } from '../connection.ts'
import { listModel, readAfter, readDone, readFilters, ROWS } from '../list-page.ts'
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

function listPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  app.get(PATH, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const language = requestLocale(request)
    const filters = readFilters(request, FILTERS)
    const state = filters.get('state')
    const [things, troubles] = await Promise.all([
      listKnownProviders(ctx.db, { query: filters.get('q'), protocol: filters.get('protocol'), disabled: state === undefined ? undefined : state === 'off' }, { after: readAfter(request), limit: ROWS + 1 }),
      listTroubles(ctx, MOST_TROUBLES),
    ])
    const failing = new Map(troubles.map((one) => [one.providerId, one]))
    return page(reply, request, 'admin-list', listModel(kit, request, operator, {
      section: NAME, path: PATH, names: FILTERS, filters, things,
      columns: ['name', 'id', 'protocol', 'state', 'failures', 'failed'],
      idOf: ({ provider }) => provider.provider_id,
      cells: (known) => {
        const { provider } = known
        const trouble = failing.get(provider.provider_id)
        return [link(localized(provider.name, language), hrefOf(known)), code(provider.provider_id), code(provider.protocol), word(provider.disabled ? 'off' : 'on'), number(trouble?.failures ?? 0), moment(trouble?.lastAt)]
      },
    }))
  })
}

function connectionCells({ result, detail }: Connection): readonly AdminCell[] {
  return [word(result), ...(detail === undefined ? [] : [code(detail)])]
}

function providerPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  const show = async (request: FastifyRequest, reply: FastifyReply, operator: Operator, id: string, connection?: Connection): Promise<FastifyReply> => {
    const known = await readProvider(ctx.db, id)
    if (known === undefined) throw notFound()
    const { provider, federation, declared } = known
    const trouble = (await listTroubles(ctx, MOST_TROUBLES)).find(({ providerId }) => providerId === provider.provider_id)
    const { disabled, disabled_reason: reason } = provider
    return page(reply, request, 'admin-thing', {
      admin: kit.frame(operator, NAME),
      section: NAME,
      title: localized(provider.name, requestLocale(request)),
      done: connection === undefined ? readDone(anyQueryForm(request).single.get('done')) : connection.result === 'connection-good' ? 'try-connection' : 'connection-failed',
      facts: [
        ...(connection === undefined ? [] : [fact('connection', ...connectionCells(connection))]),
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
      ],
      tables: [],
      actions: [...(provider.protocol === 'local' ? [] : [{ name: TRY, href: `${hrefOf(known)}/${TRY}` }]), { name: disabled ? 'switch-on' : 'switch-off', href: `${hrefOf(known)}/${disabled ? 'switch-on' : 'switch-off'}` }],
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
      const changed = await inTransaction(ctx.db, (trx) => switchProvider(trx, providerId, on))
      if (changed) ctx.audit.record({ event: 'provider.changed', providerId, change: `switched ${on ? 'on' : 'off'} by an operator`, actor: operator.user.userId })
    },
  })
}

export const providers: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    listPage(app, ctx, kit)
    providerPage(app, ctx, kit)
    switching(ctx, app, kit, true)
    switching(ctx, app, kit, false)
  },
}
