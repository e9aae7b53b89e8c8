import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../../account/not-found.ts'
import { type Client, ownerOf } from '../../clients/client.ts'
import { findOffer } from '../../clients/transfers.ts'
import { readClient } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { offerTo, refuseOffer, takeClient, withdrawOffer } from '../../declarations/transfer.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { can, type Owner } from '../../organizations/can.ts'
import { accessDenied } from '../../protocol/error.ts'
import { forOwner, ownerName, ownersOf } from '../acting-for.ts'
import { changer, faultsOfChange } from '../change.ts'
import { CLIENTS, clientPath, headOf, requireClient } from '../own-client.ts'
import { nameOfOwner } from '../owner-name.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'

// Giving an application to another owner: it is offered, and changes hands when the other takes it (P-07; declarations/transfer.ts). Who is named and unknown gets the
// same answers as who is known, now and later: nobody learns here who there is.

const WHY = 'dashboard.again.transfer'

interface Named {
  Params: { id: string }
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, client: Client, wrong: boolean): Promise<FastifyReply> {
  const offer = await findOffer(ctx.db, client.key)
  const language = requestLocale(request)
  const model = {
    desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
    head: headOf(client, language, ''),
    action: clientPath(client.clientId, 'transfer'),
    csrf: kit.token(desk, `transfer/${client.clientId}`),
    offer: offer !== undefined && 'organization' in offer.to ? { to: (await nameOfOwner(ctx, offer.to, language)) ?? offer.to.organization, until: offer.until } : undefined,
    wrong,
    backHref: clientPath(client.clientId),
  }
  return page(reply, request, 'dashboard-transfer', model, { status: wrong ? 400 : 200 })
}

/** For whom of those somebody acts for a client is offered. */
async function offeredTo(ctx: Context, desk: Desk, client: Client): Promise<Owner | undefined> {
  const offer = await findOffer(ctx.db, client.key)
  if (offer === undefined) return undefined
  const owner = ownersOf(desk.actor).find((one) => ('organization' in offer.to ? one.organization === offer.to.organization : offer.to.userId !== undefined && one.organization === undefined && one.userId === offer.to.userId))
  return owner !== undefined && can(desk.actor, 'create', { kind: 'client', owner }) ? owner : undefined
}

function offerPages(app: FastifyInstance, ctx: Context, kit: DashboardKit): void {
  const path = `${CLIENTS}/:id/transfer`
  app.get<Named>(path, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply, { recent: WHY })
    return isDesk(desk) ? show(ctx, request, reply, kit, desk, await requireClient(ctx, desk, request.params.id, 'transfer'), false) : desk
  })

  app.post<Named>(path, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply, { recent: WHY })
    if (!isDesk(desk)) return desk
    const { single } = kit.ownForm(request, desk, `transfer/${request.params.id}`)
    const client = await requireClient(ctx, desk, request.params.id, 'transfer')
    if (single.get('act') === 'end') {
      await withdrawOffer(ctx, changer(desk), client)
      return goTo(reply, clientPath(client.clientId, 'transfer'))
    }
    const typed = (single.get('to') ?? '').trim().slice(0, 200)
    if (typed === '') return show(ctx, request, reply, kit, desk, client, true)
    await offerTo(ctx, changer(desk), client, typed)
    return goTo(reply, `${clientPath(client.clientId)}?done=offered`)
  })
}

function takePages(app: FastifyInstance, ctx: Context, kit: DashboardKit): void {
  const path = '/dashboard/offers/:id'
  app.get<Named>(path, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply)
    if (!isDesk(desk)) return desk
    const client = await readClient(ctx.db, request.params.id)
    const owner = client && (await offeredTo(ctx, desk, client))
    if (client === undefined || owner === undefined) throw notFound()
    const language = requestLocale(request)
    return page(reply, request, 'dashboard-offer', {
      desk: await kit.frame(request, desk, 'clients', owner),
      name: headOf(client, language, '').name,
      clientId: client.clientId,
      to: await nameOfOwner(ctx, owner, language),
      action: `/dashboard/offers/${encodeURIComponent(client.clientId)}`,
      csrf: kit.token(desk, `offer/${client.clientId}`),
      backHref: forOwner('/dashboard', owner),
    })
  })

  app.post<Named>(path, async (request, reply) => {
    const desk = await kit.requireDesk(request, reply)
    if (!isDesk(desk)) return desk
    const { single } = kit.ownForm(request, desk, `offer/${request.params.id}`)
    const client = await readClient(ctx.db, request.params.id)
    const owner = client && (await offeredTo(ctx, desk, client))
    if (client === undefined || owner === undefined) throw notFound()
    if (single.get('act') !== 'take') {
      await refuseOffer(ctx, changer(desk), client, owner)
      return goTo(reply, forOwner('/dashboard', owner))
    }
    let isTaken = false
    const faults = await faultsOfChange(async () => {
      isTaken = await takeClient(ctx, changer(desk), client.clientId, owner)
    })
    if (faults.length > 0) throw accessDenied('Only an operator hands this application on', { status: 403, detail: 'client.trust' })
    if (!isTaken) throw notFound()
    return goTo(reply, `/dashboard?${new URLSearchParams({ owner: ownerName(owner), done: 'transferred' })}`)
  })
}

export const transfer: DashboardSection = {
  name: 'transfer',
  pages: (app, ctx, kit) => {
    offerPages(app, ctx, kit)
    takePages(app, ctx, kit)
  },
}
