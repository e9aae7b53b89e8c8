import { withoutOrphans } from '../apis/api.ts'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import type { OAuthError } from '../protocol/error.ts'
import { mayUseClient } from '../signin/institution.ts'
import { findConsent } from '../users/consents.ts'
import type { User } from '../users/user.ts'

/**
 * What a client gets of a person whom no page asks: of these scopes those that they did not take back, for what was taken back comes again
 * only by asking. Throws what `refused` makes when nothing is left, and when their institution does not let them use the client. What two
 * grants share; no grant type itself and not in the list.
 */
export async function unaskedScopes(ctx: Context, client: Client, user: User, scopes: readonly string[], refused: (detail: string) => OAuthError): Promise<readonly string[]> {
  const { removedAt, declined } = await findConsent(ctx.db, user.userId, client.key)
  const left = withoutOrphans(scopes.filter((scope) => !declined.includes(scope)))
  if (removedAt !== undefined || left.length < Math.min(1, scopes.length)) throw refused('consent_removed')
  if (!(await mayUseClient(ctx, client, user))) throw refused('institution')
  return left
}
