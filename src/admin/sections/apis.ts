import type { FastifyInstance } from 'fastify'
import { notFound } from '../../account/not-found.ts'
import type { Api } from '../../apis/api.ts'
import { listApis } from '../../apis/store.ts'
import type { Context } from '../../context.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { code, fact, link, text, word } from '../cells.ts'
import { listModel, readAfter, readFilters, ROWS } from '../list-page.ts'
import { type AdminKit, type AdminSection, isOperator } from '../section.ts'

// APIs: which there are, whose, and what they let clients ask for.

const NAME = 'apis'
const PATH = '/admin/apis'
const FILTERS = [{ name: 'q', hint: true }] as const

interface Named {
  Params: { id: string }
}

async function allApis(ctx: Context): Promise<readonly Api[]> {
  return (await listApis(ctx.db)).map(({ document }) => document as Api)
}

function listPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  app.get(PATH, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const language = requestLocale(request)
    const filters = readFilters(request, FILTERS)
    const [after, wanted] = [readAfter(request) ?? '', filters.get('q')?.toLowerCase()]
    const fits = (api: Api): boolean => wanted === undefined || [api.api_id, localized(api.name, language), api.organization ?? ''].some((known) => known.toLowerCase().includes(wanted))
    const things = (await allApis(ctx)).filter((api) => api.api_id > after && fits(api)).slice(0, ROWS + 1)
    return page(reply, request, 'admin-list', listModel(kit, request, operator, {
      section: NAME, path: PATH, names: FILTERS, filters, things,
      columns: ['name', 'id', 'organization', 'audience'],
      idOf: (api) => api.api_id,
      cells: (api) => [link(localized(api.name, language), `${PATH}/${api.api_id}`), code(api.api_id), code(api.organization), code(api.audience)],
    }))
  })
}

function apiPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  app.get<Named>(`${PATH}/:id`, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const api = (await allApis(ctx)).find((one) => one.api_id === request.params.id)
    if (api === undefined) throw notFound()
    const language = requestLocale(request)
    const scopes = Object.entries(api.scopes).map(([name, scope]) => ({ id: name, cells: [code(`gk_${api.api_id}_${name}`), text(localized(scope.title, language)), word(`approval-${scope.approval}`)] }))
    return page(reply, request, 'admin-thing', {
      admin: kit.frame(operator, NAME),
      section: NAME,
      title: localized(api.name, language),
      facts: [
        fact('id', code(api.api_id)),
        fact('organization', ...(api.organization === undefined ? [] : [link(api.organization, `/admin/organizations/${api.organization}`)])),
        fact('audience', code(api.audience)),
        fact('upstream', code(api.upstream === undefined ? undefined : new URL(api.upstream).origin)),
        fact('token-format', code(api.access_token_format)),
        fact('require-user', word(api.require_user ? 'yes' : 'no')),
        fact('events', link(api.api_id, `/admin/audit?${new URLSearchParams({ target: api.api_id })}`)),
      ],
      tables: [{ name: 'scopes', columns: ['scope', 'title', 'approval'], rows: scopes }],
      actions: [],
      backHref: PATH,
    })
  })
}

export const apis: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    listPage(app, ctx, kit)
    apiPage(app, ctx, kit)
  },
}
