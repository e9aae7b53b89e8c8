import type { Client } from '../clients/client.ts'
import { isOwnClient } from '../clients/own-clients.ts'
import type { Context } from '../context.ts'
import { epochSeconds } from '../lib/clock.ts'
import { type ClientStanding, clientStanding, mayBeUsed } from '../organizations/client-standing.ts'
import { findOrganization } from '../organizations/store.ts'
import type { User } from '../users/user.ts'
import { chosenAccount } from './chosen-account.ts'
import type { Journey } from './journey.ts'

// What the person's own institution says to the application that they are on their way to.

/** Nothing for a person without an institution here, for this server's own pages, and while nobody is signed in. */
export function institutionStanding(journey: Journey): ClientStanding | undefined {
  const { institution, client, now } = journey
  const user = chosenAccount(journey)?.user
  if (institution === undefined || user === undefined || isOwnClient(client.clientId)) return undefined
  return clientStanding(institution, { clientId: client.clientId, owner: client.metadata.organization }, { birthdate: user.claims.birthdate, now })
}

/** Whether nobody is asked: the operator answers for a client of the house, or the institution for its people. */
export function isAssumed(journey: Journey): boolean {
  return journey.client.metadata.consent === 'implied' || institutionStanding(journey) === 'mandatory'
}

/** Whether a person may use a client that signs them in without a browser. */
export async function mayUseClient(ctx: Context, client: Client, user: User): Promise<boolean> {
  const institution = await findOrganization(ctx, user.organizationId)
  const person = { birthdate: user.claims.birthdate, now: epochSeconds(ctx.clock) }
  return institution === undefined || mayBeUsed(clientStanding(institution, { clientId: client.clientId, owner: client.metadata.organization }, person))
}
