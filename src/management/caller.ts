import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import type { Changer } from '../declarations/changer.ts'
import { epochSeconds } from '../lib/clock.ts'
import type { Actor } from '../organizations/can.ts'
import { findActor } from '../organizations/members.ts'
import { ACR_TWO_FACTORS, hasTwoFactors } from '../protocol/acr.ts'
import { bearerChallenge, insufficientUserAuthentication } from '../protocol/error.ts'
import type { Trace } from '../protocol/trace.ts'
import { factorsOf } from '../signin/factors-of.ts'
import type { InspectedToken } from '../tokens/inspect.ts'
import { misplacedToken } from '../tokens/presented-token.ts'
import { findUser } from '../users/store.ts'

// Owns who calls: a person, with their roles of this moment, or a client for itself. A client that an operator gave the scopes of this API
// and that has an organization acts as its admin; one that has none acts as an operator. One that is a person's own acts as nobody: else an
// operator's gift to an application would be one to whoever registered it.

export interface Caller extends Changer {
  readonly through: 'api'
  readonly clientId: string
  /** When the person signed in, in seconds since the epoch. */
  readonly signedInAt: number | undefined
  /** Two things proved the person at that sign-in. */
  readonly provenTwice: boolean
  readonly scopes: readonly string[]
}

/** How fresh a sign-in must be for what hands out power, in seconds: as on the account pages. */
const RECENT_SECONDS = 600

async function clientActor(ctx: Context, { clientKey, clientId }: InspectedToken): Promise<Actor> {
  const client = await findClientByKey(ctx, clientKey)
  const organization = client?.metadata.organization
  const userId = `client:${clientId}`
  if (organization !== undefined) return { userId, operator: false, roles: new Map([[organization, 'admin']]) }
  return { userId, operator: client !== undefined && client.ownerUserId === undefined, roles: new Map() }
}

/** The caller behind a live token. Throws `invalid_token` for a token that is not for this server itself. */
export async function findCaller(ctx: Context, token: InspectedToken): Promise<Caller> {
  const { issuer } = ctx.config
  // Not one without an audience, either: every API that such a token is shown to could use it here.
  if (!token.audience.includes(issuer)) throw bearerChallenge(401, 'invalid_token', `The access token is not for this API; ask for it with resource=${issuer}`, undefined, misplacedToken(token, 'token.audience', issuer))
  const { person, clientId, scopes } = token
  const actor = person === undefined ? await clientActor(ctx, token) : await findActor(ctx, person.subject.userId)
  const { acr, amr = [] } = person?.details ?? {}
  return { actor, clientId, scopes, through: 'api', personId: person?.subject.userId, signedInAt: person?.authTime, provenTwice: hasTwoFactors({ acr, amr, factors: [] }) }
}

// As on the pages: whoever has a second factor proves it before power is handed out, wherever a device may do without.
async function owesFactor(ctx: Context, { personId, provenTwice }: Caller): Promise<boolean> {
  const user = personId === undefined || provenTwice ? undefined : await findUser(ctx.db, personId)
  return user !== undefined && (await factorsOf(ctx, user)).length > 0
}

/** Throws what a person has to do first who did not sign in of late: for what hands out power (security.md rule 27). */
export async function requireRecentSignIn(ctx: Context, caller: Caller): Promise<void> {
  const { signedInAt } = caller
  if (signedInAt === undefined) return
  const [isOld, isWeak] = [epochSeconds(ctx.clock) - signedInAt > RECENT_SECONDS, await owesFactor(ctx, caller)]
  const trace: Trace = { cause: 'token.step_up', clientId: caller.clientId, compared: [{ name: 'auth_time: age (s)', sent: String(epochSeconds(ctx.clock) - signedInAt), expected: `≤ ${RECENT_SECONDS}` }, ...(isWeak ? [{ name: 'acr', expected: ACR_TWO_FACTORS }] : [])] }
  if (isOld || isWeak) throw insufficientUserAuthentication('Sign in again: this hands out power', isWeak ? [ACR_TWO_FACTORS] : [], RECENT_SECONDS, trace)
}

/** Throws `insufficient_scope`, or what a person has to do first (RFC 9470 §3). */
export async function requireAllowed(ctx: Context, caller: Caller, { scope, needsRecentSignIn }: { readonly scope: string | undefined; readonly needsRecentSignIn?: true }): Promise<void> {
  if (scope !== undefined && !caller.scopes.includes(scope)) throw bearerChallenge(403, 'insufficient_scope', 'The access token may not do this', scope, { cause: 'token.scope', clientId: caller.clientId, compared: [{ name: 'scope', sent: caller.scopes.join(' '), expected: scope }] })
  if (needsRecentSignIn === true) await requireRecentSignIn(ctx, caller)
}
