import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readApiScope } from '../../apis/api.ts'
import { type AskedOfRealm, listAskedOfRealms, listWaitingForOwner } from '../../apis/inbox.ts'
import { findRequestStates } from '../../apis/requests.ts'
import { describeScope } from '../../apis/scopes.ts'
import { listApis } from '../../apis/store.ts'
import { type Client, clientName, ownerOf } from '../../clients/client.ts'
import { findClientByKey } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { decideForRealm, decideWish } from '../../declarations/scope-decisions.ts'
import type { DashboardRequestsModel, RequestRow } from '../../http/dashboard-api-views.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { type Locale, localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { can } from '../../organizations/can.ts'
import { readOrganization } from '../../organizations/store.ts'
import { forOwner, ownerName } from '../acting-for.ts'
import { faultsOfChange } from '../change.ts'
import { nameOfOwner } from '../owner-name.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'

// What waits for an organization: scopes of its APIs that others ask for, and what clients may have of its own people (P-08). What is decided
// belongs to declarations/scope-decisions.ts, as from the API.

const NAME = 'requests'
const PATH = '/dashboard/requests'
const DONE = ['granted', 'refused', 'quicker', 'reason'] as const

/** Something that waits, with what the page tells of it. */
interface Asked {
  readonly clientKey: string
  readonly apiId: string
  readonly scope: string
  readonly askedAt: Date
  readonly realm?: string | undefined
  readonly state?: AskedOfRealm['state']
  readonly reason?: string | undefined
}

/** What the client has of the same API already, so that one sees what is new. */
async function hasAlready(ctx: Context, client: Client, { apiId, scope }: Asked): Promise<readonly string[]> {
  const states = await findRequestStates(ctx, client.key)
  return [...states].flatMap(([name, state]) => (state === 'granted' && name !== scope && readApiScope(name)?.apiId === apiId ? [name] : [])).toSorted()
}

async function rowOf(ctx: Context, asked: Asked, language: Locale): Promise<RequestRow | undefined> {
  const client = await findClientByKey(ctx, asked.clientKey)
  if (client === undefined) return undefined
  const text = await describeScope(ctx, asked.scope)
  return {
    id: `${client.clientId}/${asked.scope}/${asked.realm ?? ''}`,
    clientId: client.clientId,
    client: clientName(client, language),
    owner: await nameOfOwner(ctx, ownerOf(client), language),
    scope: asked.scope,
    title: text && localized(text.title, language),
    description: text?.description && localized(text.description, language),
    realm: asked.realm,
    state: asked.state ?? 'waiting',
    reason: asked.reason,
    askedAt: asked.askedAt,
    has: await hasAlready(ctx, client, asked),
  }
}

async function rowsOf(ctx: Context, all: readonly Asked[], language: Locale): Promise<readonly RequestRow[]> {
  return (await Promise.all(all.slice(0, 200).map((asked) => rowOf(ctx, asked, language)))).filter((row) => row !== undefined)
}

async function askedOfOwner(ctx: Context, desk: Desk, organization: string): Promise<readonly Asked[]> {
  if (!can(desk.actor, 'decide', { kind: 'api', owner: { organization } })) return []
  const own = (await listApis(ctx.db)).filter(({ document }) => document['organization'] === organization).map(({ id }) => id)
  return (await listWaitingForOwner(ctx, own)).map(({ clientKey, apiId, scope, askedAt }) => ({ clientKey, apiId, scope, askedAt }))
}

async function askedOfPeople(ctx: Context, desk: Desk, organization: string): Promise<readonly Asked[]> {
  if (!can(desk.actor, 'decide', { kind: 'organization', owner: { organization } })) return []
  const found = await readOrganization(ctx.db, organization)
  return found === undefined ? [] : listAskedOfRealms(ctx, found.realms)
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk): Promise<FastifyReply> {
  const { organization } = desk.acting
  const language = requestLocale(request)
  const [own, people] = organization === undefined ? [[], []] : await Promise.all([askedOfOwner(ctx, desk, organization), askedOfPeople(ctx, desk, organization)])
  const done = DONE.find((one) => one === queryForm(request).single.get('done'))
  const model: DashboardRequestsModel = {
    desk: await kit.frame(request, desk, NAME),
    organization,
    action: forOwner(PATH, desk.acting),
    csrf: kit.token(desk, NAME),
    own: await rowsOf(ctx, own, language),
    waiting: await rowsOf(ctx, people.filter(({ state }) => state === 'waiting'), language),
    decided: await rowsOf(ctx, people.filter(({ state }) => state !== 'waiting'), language),
    done,
  }
  return page(reply, request, 'dashboard-requests', model, { status: done === 'reason' || done === 'quicker' ? 400 : 200 })
}

type Done = (typeof DONE)[number]

/** Decides as the button says. Who may belongs to the decision itself. */
async function decide(ctx: Context, desk: Desk, single: ReadonlyMap<string, string>): Promise<Done> {
  const [clientId, scope, realm, reason] = [single.get('client') ?? '', single.get('scope') ?? '', single.get('realm'), single.get('reason')]
  const decider = { actor: desk.actor, personId: desk.actor.userId }
  const yes = single.get('act') === 'grant'
  let isDecided = false
  const faults = await faultsOfChange(async () => {
    isDecided = realm === undefined
      ? await decideWish(ctx, decider, { clientId, scope, decision: yes ? 'grant' : 'refuse', reason })
      : await decideForRealm(ctx, decider, { clientId, realm, scope, decision: yes ? 'approve' : 'refuse', reason })
  })
  if (faults.length > 0) return faults[0]?.path === 'reason' ? 'reason' : 'quicker'
  return !isDecided ? 'quicker' : yes ? 'granted' : 'refused'
}

export const requests: DashboardSection = {
  name: NAME,
  path: PATH,
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get(PATH, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      return isDesk(desk) ? show(ctx, request, reply, kit, desk) : desk
    })

    app.post(PATH, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const done = await decide(ctx, desk, kit.ownForm(request, desk, NAME).single)
      return goTo(reply, `${PATH}?${new URLSearchParams({ owner: ownerName(desk.acting), done })}`)
    })
  },
}
