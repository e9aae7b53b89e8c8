import type { Client } from '../clients/client.ts'
import { isOwnClient } from '../clients/own-clients.ts'
import type { Context } from '../context.ts'
import type { Done } from '../signin/next-step.ts'
import type { GrantedConsent } from '../tokens/authorization.ts'
import { findConsent, noteUse } from '../users/consents.ts'

/** The consent that a journey's tokens come from, noted as used. Where the operator implies it, it begins with the first use: the person finds the client among their applications. */
export async function grantedConsent(ctx: Context, client: Client, { user, consent, scopes }: Pick<Done, 'user' | 'consent' | 'scopes'>): Promise<GrantedConsent | undefined> {
  if (isOwnClient(client.clientId)) return undefined
  const noted = await noteUse(ctx, user.userId, client.key, scopes)
  const id = consent?.id ?? noted ?? (await findConsent(ctx.db, user.userId, client.key)).consentId
  return consent ?? (id === undefined ? undefined : { id })
}
