import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../../account/not-found.ts'
import type { Api } from '../../apis/api.ts'
import { listApis } from '../../apis/store.ts'
import type { Context } from '../../context.ts'
import { exportOneYaml } from '../../declarations/export.ts'
import { offered } from '../../endpoints/offered.ts'
import type { DashboardApiModel, DashboardApiScopeModel } from '../../http/dashboard-api-views.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { locales, localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { accessDenied } from '../../protocol/error.ts'
import { forOwner } from '../acting-for.ts'
import { changeApi, create, faultsOfChange, requireNone } from '../change.ts'
import { APIS, mayWithApi, requireApi } from '../own-api.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'
import { readTypedScope, scopeFaults, textsOf } from '../typed-scope.ts'

// The APIs of an organization, and their scopes with the words that people read (P-08).

const NAME = 'apis'
const PATH = APIS
const NEW = `${PATH}/new`
const APPROVALS = ['auto', 'owner', 'organization'] as const
const DONE = ['registered', 'scope', 'removed', 'settings', 'off', 'on'] as const

function listPage(app: FastifyInstance, ctx: Context, kit: DashboardKit): void {
  app.get(PATH, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply)
    if (!isDesk(desk)) return desk
    const { organization } = desk.acting
    const language = requestLocale(request)
    // The documents were written through the schema of APIs.
    const own = organization === undefined ? [] : (await listApis(ctx.db)).map(({ document }) => document as Api).filter((api) => api.organization === organization)
    return page(reply, request, 'dashboard-apis', {
      desk: await kit.frame(request, desk, NAME),
      organization,
      rows: own.map((api) => ({ id: api.api_id, name: localized(api.name, language), isOff: api.disabled === true, audience: api.audience, scopes: Object.keys(api.scopes).length, href: `${PATH}/${api.api_id}` })),
      registerHref: organization !== undefined && mayWithApi(desk, { organization }, 'create') ? forOwner(NEW, desk.acting) : undefined,
    })
  })
}

function newPages(app: FastifyInstance, ctx: Context, kit: DashboardKit): void {
  const show = async (request: FastifyRequest, reply: FastifyReply, desk: Desk, typed: ReadonlyMap<string, string>, faults: readonly string[]): Promise<FastifyReply> => {
    const values = ['api_id', 'name', 'audience'].map((name) => ({ name, value: typed.get(name) ?? '' }))
    return page(reply, request, 'dashboard-api-new', { desk: await kit.frame(request, desk, NAME), action: forOwner(NEW, desk.acting), csrf: kit.token(desk, NEW), values, approvals: APPROVALS, approval: typed.get('approval') ?? 'owner', faults }, { status: faults.length > 0 ? 400 : 200 })
  }
  const requireMay = (desk: Desk): string => {
    const { organization } = desk.acting
    if (organization === undefined || !mayWithApi(desk, { organization }, 'create')) throw accessDenied('Your role does not allow this', { status: 403, detail: 'api.create' })
    return organization
  }

  app.get(NEW, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply)
    if (!isDesk(desk)) return desk
    requireMay(desk)
    return show(request, reply, desk, new Map(), [])
  })

  app.post(NEW, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply)
    if (!isDesk(desk)) return desk
    const { single } = kit.ownForm(request, desk, NEW)
    const organization = requireMay(desk)
    const text = (name: string): string | undefined => single.get(name)?.trim()
    const said = { api_id: text('api_id'), name: text('name'), ...(text('audience') === undefined ? {} : { audience: text('audience') }), organization, approval: APPROVALS.find((one) => one === single.get('approval')) ?? 'owner' }
    const faults = await faultsOfChange(() => create(ctx, desk, 'api', said))
    return faults.length > 0 ? show(request, reply, desk, single, faults.map(({ message }) => message)) : goTo(reply, `${PATH}/${text('api_id')}?done=registered`)
  })
}

interface Named {
  Params: { id: string; scope: string }
}

function onePage(app: FastifyInstance, ctx: Context, kit: DashboardKit): void {
  app.get<Named>(`${PATH}/:id`, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply)
    if (!isDesk(desk)) return desk
    const api = await requireApi(ctx, desk, request.params.id)
    const language = requestLocale(request)
    const mayChange = mayWithApi(desk, api, 'change')
    const path = `${PATH}/${api.api_id}`
    const model: DashboardApiModel = {
      desk: await kit.frame(request, desk, NAME, { organization: api.organization }),
      id: api.api_id,
      name: localized(api.name, language),
      audience: api.audience,
      approval: api.approval,
      scopes: Object.entries(api.scopes).map(([name, scope]) => ({ value: `gk_${api.api_id}_${name}`, title: localized(scope.title, language), description: scope.description && localized(scope.description, language), approval: scope.approval, missing: Object.keys(locales).filter((one) => typeof scope.title === 'string' || scope.title[one] === undefined), href: mayChange ? `${path}/scopes/${name}` : undefined })),
      upstream: api.upstream,
      isOff: api.disabled === true,
      settingsHref: mayChange ? `${path}/settings` : undefined,
      addHref: mayChange ? `${path}/scopes/new` : undefined,
      yaml: (await exportOneYaml(ctx, offered, 'api', api.api_id)) ?? '',
      done: DONE.find((one) => one === queryForm(request).single.get('done')),
    }
    return page(reply, request, 'dashboard-api', model)
  })
}

function scopePages(app: FastifyInstance, ctx: Context, kit: DashboardKit): void {
  const path = `${PATH}/:id/scopes/:scope`
  const show = async (request: FastifyRequest, reply: FastifyReply, desk: Desk, api: Api, scope: string, typed: ReadonlyMap<string, string>, faults: readonly string[]): Promise<FastifyReply> => {
    const model: DashboardApiScopeModel = {
      desk: await kit.frame(request, desk, NAME, { organization: api.organization }),
      apiId: api.api_id,
      action: `${PATH}/${api.api_id}/scopes/${scope}`,
      csrf: kit.token(desk, `scope/${api.api_id}/${scope}`),
      isNew: scope === 'new',
      name: typed.get('name') ?? '',
      texts: Object.entries(locales).map(([language, own]) => ({ language, own, title: typed.get(`title-${language}`) ?? '', description: typed.get(`description-${language}`) ?? '' })),
      approvals: APPROVALS,
      approval: typed.get('approval') ?? 'owner',
      faults,
      backHref: `${PATH}/${api.api_id}`,
    }
    return page(reply, request, 'dashboard-api-scope', model, { status: faults.length > 0 ? 400 : 200 })
  }

  app.get<Named>(path, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply)
    if (!isDesk(desk)) return desk
    const { id, scope } = request.params
    const api = await requireApi(ctx, desk, id, 'change')
    if (scope !== 'new' && !Object.hasOwn(api.scopes, scope)) throw notFound()
    return show(request, reply, desk, api, scope, scope === 'new' ? new Map() : textsOf(scope, api.scopes[scope]), [])
  })

  app.post<Named>(path, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply)
    if (!isDesk(desk)) return desk
    const { id, scope } = request.params
    const { single } = kit.ownForm(request, desk, `scope/${id}/${scope}`)
    const api = await requireApi(ctx, desk, id, 'change')
    if (scope !== 'new' && !Object.hasOwn(api.scopes, scope)) throw notFound()
    const name = scope === 'new' ? (single.get('name') ?? '').trim() : scope
    const { [name]: before, ...others } = api.scopes
    if (single.get('act') === 'remove' && scope !== 'new') {
      requireNone(await changeApi(ctx, desk, api, { scopes: others }))
      return goTo(reply, `${PATH}/${id}?done=removed`)
    }
    const typed = scopeFaults(single, name, scope === 'new' && before !== undefined)
    const faults = typed.length > 0 ? typed : (await changeApi(ctx, desk, api, { scopes: { ...api.scopes, [name]: readTypedScope(single, before) } })).map(({ message }) => message)
    return faults.length > 0 ? show(request, reply, desk, api, scope, single, faults) : goTo(reply, `${PATH}/${id}?done=scope`)
  })
}

export const apis: DashboardSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    listPage(app, ctx, kit)
    newPages(app, ctx, kit)
    onePage(app, ctx, kit)
    scopePages(app, ctx, kit)
  },
}
