import { noteWishes } from '../apis/requests.ts'
import { type Client, ownerOf } from '../clients/client.ts'
import { readClient, saveClient, setClientOwner } from '../clients/store.ts'
import { endOffer, findOffer, offerClient, type Taker, takeOffer } from '../clients/transfers.ts'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import type { Owner } from '../organizations/can.ts'
import { readOrganization } from '../organizations/store.ts'
import { findUserByHint } from '../users/store.ts'
import type { Changer } from './changer.ts'
import { client as clientKind } from './client.ts'
import { requireTrust } from './judge.ts'
import { lockDeclarations } from './lock.ts'
import { recordClientChange } from './way.ts'
import { writeTurn } from './write-turn.ts'

// Owns how a client changes hands: its owner offers it, and the other takes it (P-07). Who is named and unknown is offered it like who is
// known: nobody learns here who there is.

/** Whom a name means: `org:<id>`, an organization's id, or a person's id, user name or e-mail address. */
async function takerOf(ctx: Context, name: string): Promise<Taker> {
  const id = name.replace(/^org:/, '')
  if ((await readOrganization(ctx.db, id)) !== undefined) return { organization: id }
  const user = name.startsWith('org:') ? undefined : await findUserByHint(ctx.db, name)
  return { userId: user?.userId }
}

function takerAs({ organization, userId }: Owner): Taker {
  return organization === undefined ? { userId } : { organization }
}

/** Offers a client to whom a name means; an offer before is over. */
export async function offerTo(ctx: Context, changer: Changer, client: Client, name: string): Promise<void> {
  await offerClient(ctx, client.key, await takerOf(ctx, name), changer.personId)
  recordClientChange(ctx, changer, client.clientId, 'offered to another owner')
}

/** Takes the offer back. Whether there was one is all the same. */
export async function withdrawOffer(ctx: Context, changer: Changer, client: Client): Promise<void> {
  if (await endOffer(ctx.db, client.key)) recordClientChange(ctx, changer, client.clientId, 'offer ended')
}

/** Says no in the name of whom it was offered to: what is offered to others meanwhile stays. */
export async function refuseOffer(ctx: Context, changer: Changer, client: Client, owner: Owner): Promise<void> {
  if (await endOffer(ctx.db, client.key, takerAs(owner))) recordClientChange(ctx, changer, client.clientId, 'offer ended')
}

/**
 * Makes a client theirs to whom it is offered, in one transaction with the offer's end: of all who take it at once, one does. Throws
 * ChangeRefused for one that acts by itself in the place of its new owner: who gave it away knows its secret. That is an operator's to say.
 */
export async function takeClient(ctx: Context, changer: Changer, clientId: string, owner: Owner): Promise<boolean> {
  const { organization, userId } = owner
  const isTaken = await writeTurn(ctx, async () => {
    // Whoever comes too late waits for no lock.
    const offered = await readClient(ctx.db, clientId)
    if (offered === undefined || (await findOffer(ctx.db, offered.key)) === undefined) return false
    return inTransaction(ctx.db, async (trx) => {
      await lockDeclarations(trx)
      const client = await readClient(trx, clientId)
      if (client === undefined || (await takeOffer(trx, client.key, takerAs(owner))) === undefined) return false
      const { organization: _, ...others } = client.metadata
      const metadata = organization === undefined ? others : { ...others, organization }
      requireTrust(changer.actor, clientKind, ownerOf(client), metadata, { document: client.metadata })
      await saveClient(trx, clientId, metadata, client.declared)
      await noteWishes(trx, { clientKey: client.key, scope: client.metadata.scope, organization, operator: false, by: changer.personId })
      await setClientOwner(trx, clientId, organization === undefined ? userId : undefined)
      return true
    })
  })
  if (isTaken) recordClientChange(ctx, changer, clientId, `taken over by ${organization === undefined ? 'a person' : `org:${organization}`}`)
  return isTaken
}
