import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readApiScope } from '../../apis/api.ts'
import { standingsOf } from '../../apis/inbox.ts'
import { standardScopes } from '../../apis/scope-definition.ts'
import { describeScope } from '../../apis/scopes.ts'
import { type Client, ownerOf } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import { askOnceMore } from '../../declarations/scope-decisions.ts'
import type { DashboardAccessModel, WishRow } from '../../http/dashboard-api-views.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { type Locale, localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { changeClient, faultsOfChange, requireNone } from '../change.ts'
import { CLIENTS, clientPath, headOf, mayWith, requireClient } from '../own-client.ts'
import { nameOfOwner } from '../owner-name.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'

// What an application may ask people and APIs for: the standard scopes, and those of APIs with whoever has to agree, and what they said.

const DONE = ['saved', 'asked', 'removed', 'again', 'too-early'] as const
const MOST_SCOPES = 100

async function wishRows(ctx: Context, client: Client, language: Locale): Promise<readonly WishRow[]> {
  const all = await standingsOf(ctx, client)
  return Promise.all(
    all.map(async ({ scope, state, reason, api, askedAt, realms }) => {
      const text = await describeScope(ctx, scope)
      return { scope, state, reason, title: text && localized(text.title, language), approver: api && ((await nameOfOwner(ctx, { organization: api.organization }, language)) ?? api.apiId), askedAt, realms }
    }),
  )
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, client: Client, fault?: { readonly typed: string; readonly fault: string }): Promise<FastifyReply> {
  const language = requestLocale(request)
  const { clientId, metadata, scopes } = client
  const model: DashboardAccessModel = {
    desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
    head: headOf(client, language, 'access'),
    action: clientPath(clientId, 'access'),
    csrf: kit.token(desk, `access/${clientId}`),
    mayChange: mayWith(desk, client, 'change'),
    standard: metadata.application_type === 'service' ? [] : standardScopes.filter((scope) => scope !== 'openid').map((scope) => ({ scope, asked: scopes.includes(scope), optional: metadata.optional_scopes.includes(scope) })),
    wishes: await wishRows(ctx, client, language),
    optional: metadata.optional_scopes,
    typed: fault?.typed ?? '',
    fault: fault?.fault,
    done: DONE.find((one) => one === queryForm(request).single.get('done')),
  }
  return page(reply, request, 'dashboard-access', model, { status: fault === undefined ? 200 : 400 })
}

type Single = ReadonlyMap<string, string>

/** The standard scopes as they were ticked; the others stay. */
function ticked({ scopes, metadata }: Client, single: Single): { readonly scope: string; readonly optional_scopes: string[] } {
  const others = scopes.filter((scope) => !(standardScopes as readonly string[]).includes(scope))
  const asked = ['openid', ...standardScopes.filter((scope) => scope !== 'openid' && single.has(`scope_${scope}`))]
  const optional = [...asked.filter((scope) => scope !== 'openid' && single.has(`optional_${scope}`)), ...metadata.optional_scopes.filter((scope) => others.includes(scope))]
  return { scope: [...asked, ...others].join(' '), optional_scopes: optional }
}

/** With a part of an API goes the API: without it the part means nothing. */
function withWhole(scope: string): readonly string[] {
  const named = readApiScope(scope)
  return named?.name === undefined ? [scope] : [`gk_${named.apiId}`, scope]
}

async function ask(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, client: Client, single: Single): Promise<FastifyReply> {
  const typed = (single.get('add') ?? '').trim().slice(0, 200)
  if (readApiScope(typed) === undefined || (await describeScope(ctx, typed)) === undefined) return show(ctx, request, reply, kit, desk, client, { typed, fault: typed === '' ? 'empty' : 'unknown' })
  const scopes = [...new Set([...client.scopes, ...withWhole(typed)])]
  const optional = single.has('optional') ? [...new Set([...client.metadata.optional_scopes, typed])] : client.metadata.optional_scopes
  const wrong = scopes.length > MOST_SCOPES || (await changeClient(ctx, desk, client, { scope: scopes.join(' '), optional_scopes: [...optional] })).length > 0
  return wrong ? show(ctx, request, reply, kit, desk, client, { typed, fault: 'unknown' }) : goTo(reply, `${clientPath(client.clientId, 'access')}?done=asked`)
}

async function drop(ctx: Context, desk: Desk, client: Client, scope: string): Promise<void> {
  const named = readApiScope(scope)
  const goes = (one: string): boolean => one === scope || (named?.name === undefined && named !== undefined && one.startsWith(`${scope}_`))
  requireNone(await changeClient(ctx, desk, client, { scope: client.scopes.filter((one) => !goes(one)).join(' '), optional_scopes: client.metadata.optional_scopes.filter((one) => !goes(one)) }))
}

/** Asks once more for what was refused. False within a day of the refusal. */
async function again(ctx: Context, desk: Desk, clientId: string, scope: string): Promise<boolean> {
  let isAsked = false
  await faultsOfChange(async () => {
    isAsked = await askOnceMore(ctx, { actor: desk.actor, personId: desk.actor.userId }, { clientId, scope })
  })
  return isAsked
}

interface Named {
  Params: { id: string }
}

export const access: DashboardSection = {
  name: 'access',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<Named>(`${CLIENTS}/:id/access`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      return isDesk(desk) ? show(ctx, request, reply, kit, desk, await requireClient(ctx, desk, request.params.id)) : desk
    })

    app.post<Named>(`${CLIENTS}/:id/access`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const { single } = kit.ownForm(request, desk, `access/${request.params.id}`)
      const client = await requireClient(ctx, desk, request.params.id, 'change')
      const path = clientPath(client.clientId, 'access')
      const [act = '', scope = ''] = [single.get('act'), single.get('scope')]
      if (act === 'ask') return ask(ctx, request, reply, kit, desk, client, single)
      if (act === 'again') return goTo(reply, `${path}?done=${(await again(ctx, desk, client.clientId, scope)) ? 'again' : 'too-early'}`)
      if (act === 'drop') {
        await drop(ctx, desk, client, scope)
        return goTo(reply, `${path}?done=removed`)
      }
      requireNone(await changeClient(ctx, desk, client, ticked(client, single)))
      return goTo(reply, `${path}?done=saved`)
    })
  },
}
