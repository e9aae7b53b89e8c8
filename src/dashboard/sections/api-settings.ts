import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Api } from '../../apis/api.ts'
import { gatekeeperAddresses } from '../../apis/gatekeeper-address.ts'
import { findApiRow } from '../../apis/store.ts'
import type { Context } from '../../context.ts'
import type { DashboardApiSettingsModel } from '../../http/dashboard-api-views.ts'
import { goTo } from '../../http/leave.ts'
import { locales } from '../../http/locale.ts'
import { page } from '../../http/pages.ts'
import { changeApi, requireNone } from '../change.ts'
import { APIS, requireApi } from '../own-api.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'
import { AUTHS, readSettings, settingsOf } from '../typed-upstream.ts'

// An API as a whole: its names, where the gatekeeper finds it and what it proves itself with there; and switching it off and on. Where calls
// go and what opens the door there is power, so a recent sign-in is asked for.

const WHY = 'dashboard.again.api'

function pathOf(id: string): string {
  return `${APIS}/${encodeURIComponent(id)}/settings`
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, api: Api, typed: ReadonlyMap<string, string>, faults: readonly string[]): Promise<FastifyReply> {
  const said = (name: string): string => typed.get(name) ?? ''
  const model: DashboardApiSettingsModel = {
    desk: await kit.frame(request, desk, 'apis', { organization: api.organization }),
    id: api.api_id,
    action: pathOf(api.api_id),
    csrf: kit.token(desk, `api/${api.api_id}`),
    names: Object.entries(locales).map(([language, own]) => ({ language, own, value: said(`name-${language}`) })),
    audience: said('audience'),
    address: gatekeeperAddresses(ctx.config, api.api_id)[0] ?? '',
    upstream: said('upstream'),
    auths: AUTHS,
    auth: said('auth'),
    username: said('username'),
    header: said('header'),
    certificate: said('certificate'),
    timeout: said('timeout'),
    requireUser: typed.has('require_user'),
    isOff: api.disabled === true,
    isHeld: !desk.actor.operator && (await findApiRow(ctx.db, api.api_id))?.isHeld === true,
    faults,
    backHref: `${APIS}/${api.api_id}`,
  }
  return page(reply, request, 'dashboard-api-settings', model, { status: faults.length > 0 ? 400 : 200 })
}

/** Switches it off or on again. Whichever it is already, it stays. */
async function switchApi(ctx: Context, desk: Desk, api: Api, isOff: boolean): Promise<'off' | 'on'> {
  requireNone(await changeApi(ctx, desk, api, { disabled: isOff ? true : undefined }))
  return isOff ? 'off' : 'on'
}

interface Named {
  Params: { id: string }
}

export const apiSettings: DashboardSection = {
  name: 'api-settings',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<Named>(`${APIS}/:id/settings`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply, { recent: WHY })
      if (!isDesk(desk)) return desk
      const api = await requireApi(ctx, desk, request.params.id, 'change')
      return show(ctx, request, reply, kit, desk, api, settingsOf(api), [])
    })

    app.post<Named>(`${APIS}/:id/settings`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply, { recent: WHY })
      if (!isDesk(desk)) return desk
      const { single } = kit.ownForm(request, desk, `api/${request.params.id}`)
      const api = await requireApi(ctx, desk, request.params.id, 'change')
      const act = single.get('act')
      if (act === 'off' || act === 'on') return goTo(reply, `${APIS}/${api.api_id}?done=${await switchApi(ctx, desk, api, act === 'off')}`)
      const faults = await changeApi(ctx, desk, api, readSettings(single, api))
      return faults.length > 0 ? show(ctx, request, reply, kit, desk, api, single, faults.map(({ message }) => message)) : goTo(reply, `${APIS}/${api.api_id}?done=settings`)
    })
  },
}
