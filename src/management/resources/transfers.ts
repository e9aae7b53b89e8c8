import { z } from 'zod'
import { type Client, ownerOf } from '../../clients/client.ts'
import { findClientByKey, readClient } from '../../clients/store.ts'
import { findOffer, listOffers, type Offer } from '../../clients/transfers.ts'
import type { Context } from '../../context.ts'
import { findThing } from '../../declarations/thing.ts'
import { offerTo, refuseOffer, takeClient, withdrawOffer } from '../../declarations/transfer.ts'
import { can, type Owner } from '../../organizations/can.ts'
import type { Caller } from '../caller.ts'
import { notFound } from '../failure.ts'
import { type Call, operation, param, type Resource } from '../operation.ts'

const OFFER = '/api/clients/{client_id}/transfer'
const OFFERS = '/api/offers'
const ONE = `${OFFERS}/{client_id}`

const offer = z.strictObject({ client_id: z.string(), organization: z.string().optional().describe('To which it is offered; whether a person is known by a name is not told'), until: z.iso.datetime() })
const shown = { name: 'Offer', schema: offer }

function show({ clientId }: Client, { to, until }: Offer): z.output<typeof offer> {
  return { client_id: clientId, ...('organization' in to ? { organization: to.organization } : {}), until: until.toISOString() }
}

async function readShown({ db }: Context, client: Client): Promise<z.output<typeof offer>> {
  const found = await findOffer(db, client.key)
  if (found === undefined) throw notFound()
  return show(client, found)
}

async function requireOwned(call: Call): Promise<Client> {
  const { id } = await findThing(call.ctx, call.caller.actor, 'client', param(call, 'client_id'), 'transfer')
  const client = await readClient(call.ctx.db, id)
  if (client === undefined) throw notFound()
  return client
}

/** As whom a caller may take what is offered; nothing when it is offered to somebody else. */
function takerFor({ to }: Offer, { actor, personId }: Caller): Owner | undefined {
  const owner: Owner = 'organization' in to ? { organization: to.organization } : { userId: to.userId }
  const isOwn = owner.organization !== undefined || (owner.userId !== undefined && owner.userId === personId)
  return isOwn && can(actor, 'create', { kind: 'client', owner }) ? owner : undefined
}

async function requireOffered(call: Call): Promise<{ readonly client: Client; readonly owner: Owner }> {
  const client = await readClient(call.ctx.db, param(call, 'client_id'))
  const found = client && (await findOffer(call.ctx.db, client.key))
  const owner = found && takerFor(found, call.caller)
  if (client === undefined || found === undefined || owner === undefined) throw notFound()
  return { client, owner }
}

async function offersFor(ctx: Context, { actor, personId }: Caller): Promise<readonly object[]> {
  const organizations = [...actor.roles.keys()].filter((organization) => can(actor, 'create', { kind: 'client', owner: { organization } }))
  const lists = await Promise.all([...organizations.map((organization) => ({ organization })), ...(personId === undefined ? [] : [{ userId: personId }])].map((to) => listOffers(ctx.db, to)))
  const all = await Promise.all(lists.flat().map(async (one) => ({ one, client: await findClientByKey(ctx, one.clientKey) })))
  return all.flatMap(({ one, client }) => (client === undefined ? [] : [show(client, one)]))
}

/** Giving a client away: its owner offers it, the other takes it. */
export const transfers: Resource = () => [
  operation({
    method: 'PUT',
    path: OFFER,
    id: 'offerClient',
    summary: 'Offers a client to another owner for 14 days, in place of an offer before; unknown names are answered like known ones',
    scope: 'portner.clients.write',
    body: { reads: z.strictObject({ to: z.string().trim().min(1).max(200).describe('An organization_id, a user_id, a user name or an e-mail address') }), example: { to: 'lunmal' } },
    answer: { status: 200, description: 'It is offered', schema: shown },
    refusals: [404],
    needsRecentSignIn: true,
    run: async (call) => {
      const { ctx, caller, body } = call
      const client = await requireOwned(call)
      await offerTo(ctx, caller, client, body.to)
      return { status: 200, body: await readShown(ctx, client) }
    },
  }),
  operation({
    method: 'GET',
    path: OFFER,
    id: 'readOffer',
    summary: 'The offer of a client that waits to be taken',
    scope: 'portner.clients.read',
    answer: { status: 200, description: 'The offer', schema: shown },
    refusals: [404],
    run: async (call) => ({ status: 200, body: await readShown(call.ctx, await requireOwned(call)) }),
  }),
  operation({
    method: 'DELETE',
    path: OFFER,
    id: 'withdrawOffer',
    summary: 'Takes the offer back, if there is one',
    scope: 'portner.clients.write',
    answer: { status: 204, description: 'It is not offered' },
    refusals: [404],
    run: async (call) => {
      await withdrawOffer(call.ctx, call.caller, await requireOwned(call))
      return { status: 204 }
    },
  }),
  operation({
    method: 'GET',
    path: OFFERS,
    id: 'listOffers',
    summary: 'The clients that the caller, or an organization of theirs, may take',
    scope: 'portner.clients.read',
    answer: { status: 200, description: 'All of them', schema: { name: 'OfferList', schema: z.object({ items: z.array(offer) }) } },
    run: async ({ ctx, caller }) => ({ status: 200, body: { items: await offersFor(ctx, caller) } }),
  }),
  operation({
    method: 'POST',
    path: `${ONE}/take`,
    id: 'takeOffer',
    summary: 'Makes a client theirs to whom it is offered; of many at once, one does',
    scope: 'portner.clients.write',
    answer: { status: 200, description: 'Whose it is now', schema: { name: 'TakenClient', schema: z.strictObject({ client_id: z.string(), organization: z.string().optional() }) } },
    refusals: [404],
    needsRecentSignIn: true,
    run: async (call) => {
      const { client, owner } = await requireOffered(call)
      if (!(await takeClient(call.ctx, call.caller, client.clientId, owner))) throw notFound()
      const now = await readClient(call.ctx.db, client.clientId)
      if (now === undefined) throw notFound()
      const { organization } = ownerOf(now)
      return { status: 200, body: { client_id: client.clientId, ...(organization === undefined ? {} : { organization }) } }
    },
  }),
  operation({
    method: 'POST',
    path: `${ONE}/refuse`,
    id: 'refuseOffer',
    summary: 'Says no to an offer; the client stays whose it is',
    scope: 'portner.clients.write',
    answer: { status: 204, description: 'The offer is over' },
    refusals: [404],
    run: async (call) => {
      const { client, owner } = await requireOffered(call)
      await refuseOffer(call.ctx, call.caller, client, owner)
      return { status: 204 }
    },
  }),
]
