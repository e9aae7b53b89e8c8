import type { AuthorizationRequest } from '../authorization-request/request.ts'
import type { Departure } from '../authorization-request/response-modes/mode.ts'
import type { Client } from '../clients/client.ts'
import { sectorDetails } from '../clients/sector.ts'
import type { Context } from '../context.ts'
import { acrOf, amrOf } from '../protocol/acr.ts'
import type { OAuthError } from '../protocol/error.ts'
import type { Done } from '../signin/next-step.ts'
import { realmDetails } from '../signin/realms.ts'
import { approveRequest, type Decided, denyRequest } from '../tokens/decoupled-requests.ts'
import { decoupledEnd } from './device-verification.ts'
import { grantedConsent } from './granted-consent.ts'

// Owns the end of a journey whose client waits elsewhere: the decision goes into the request's row, the browser to a page of ours.

function endAt(ctx: Context, clientId: string, connected: boolean): Departure {
  return { kind: 'address', url: `${ctx.config.issuer}${decoupledEnd(clientId, connected)}` }
}

type Tell = (decided: Decided) => Promise<void>

/** Lets it in. What was decided or ended meanwhile stays so, and the page says it. */
export async function approveDecoupled(ctx: Context, client: Client, request: AuthorizationRequest, done: Done, tell: Tell): Promise<Departure> {
  const { session, user, scopes } = done
  const acr = acrOf(session, request.acrValues)
  const consent = await grantedConsent(ctx, client, done)
  const details = { ...(acr === undefined ? {} : { acr }), amr: amrOf(session), ...(consent && { consent }), ...(await realmDetails(ctx, user, scopes)), ...sectorDetails(client) }
  const decided = request.decoupled && (await approveRequest(ctx, request.decoupled.id, { userId: user.userId, scopes, details, authTime: session.authTime }))
  if (decided !== undefined) ctx.statistics.login(client.clientId, session.providerId, user.userId)
  if (decided !== undefined) await tell(decided)
  return endAt(ctx, client.clientId, decided !== undefined)
}

/** Notes a no, when it is the person's own: a stranger who opened the address, or somebody who went back, has decided nothing. */
export async function denyDecoupled(ctx: Context, client: Client, request: AuthorizationRequest, error: OAuthError, tell: Tell): Promise<Departure> {
  const isDecision = error.reason === 'consent_denied'
  const decided = isDecision && request.decoupled !== undefined ? await denyRequest(ctx, request.decoupled.id) : undefined
  if (decided !== undefined) await tell(decided)
  return endAt(ctx, client.clientId, false)
}
