import type { Context } from '../../context.ts'
import { isSeenFirst } from '../../database/replay.ts'
import { epochSeconds } from '../../lib/clock.ts'
import { invalidClient } from '../../protocol/error.ts'
import { CLOCK_SKEW_SECONDS, type FindKeys, JwtFault, readJwtHeader, readUnprovenClaims, verifyJwt } from '../../protocol/jwt.ts'
import { jwtFindings } from '../../protocol/jwt-findings.ts'
import type { Trace } from '../../protocol/trace.ts'
import type { Client } from '../client.ts'
import { requireAllowed } from '../profile-rules.ts'
import type { PresentedCredentials } from './method.ts'

// What the two methods with a JWT share (RFC 7523 §2.2 and §3). The audience is our issuer as one text: an assertion that names several
// servers, or an address of one, can be carried from one server to another (FAPI 2.0 §5.3.3, draft-ietf-oauth-rfc7523bis).

export const JWT_BEARER_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** How far ahead an assertion may end. Seconds. */
const LONGEST_SECONDS = 300

/** Whether an assertion is there, signed in that manner. One that cannot be read is an attempt of the asymmetric kind. */
export function hasAssertion({ form }: PresentedCredentials, symmetric: boolean): boolean {
  const assertion = form.single.get('client_assertion')
  if (assertion === undefined) return false
  try {
    return readJwtHeader(assertion).alg.startsWith('HS') === symmetric
  } catch {
    return !symmetric
  }
}

function assertionOf({ form }: PresentedCredentials): string {
  if (form.single.get('client_assertion_type') !== JWT_BEARER_ASSERTION) throw invalidClient('The client_assertion_type is not supported', { trace: { cause: 'client_auth.assertion', compared: [{ name: 'client_assertion_type', sent: form.single.get('client_assertion_type'), expected: JWT_BEARER_ASSERTION }] } })
  return form.single.get('client_assertion') ?? ''
}

/** The client that an assertion names as its subject; a client_id beside it must be the same (RFC 7521 §4.2). */
export function assertedClientId(presented: PresentedCredentials): string {
  let sub: unknown
  try {
    sub = readUnprovenClaims(assertionOf(presented)).sub
  } catch (error) {
    if (error instanceof JwtFault) throw invalidClient('The client assertion is not a signed JWT', { detail: error.message, trace: { cause: 'client_auth.assertion', hints: [{ name: 'jwt_fault', values: { fault: error.message } }] } })
    throw error
  }
  const named = presented.form.single.get('client_id')
  if (typeof sub !== 'string' || (named !== undefined && named !== sub)) throw invalidClient('The client assertion is not about this client', { detail: 'client_assertion.sub', trace: { cause: 'client_auth.assertion', compared: [{ name: 'sub', sent: typeof sub === 'string' ? sub : undefined, expected: named }] } })
  return sub
}

/** Whether the assertion proves the client: once, and only once. */
export async function provesByAssertion(presented: PresentedCredentials, client: Client, ctx: Context, algorithms: readonly string[], findKeys: FindKeys): Promise<true | Trace> {
  const { issuer } = ctx.config
  const { clientId, metadata } = client
  const registered = metadata.token_endpoint_auth_signing_alg
  const allowed = registered === undefined ? algorithms : algorithms.filter((alg) => alg === registered)
  const profile = { algorithms: allowed, types: ['jwt', 'client-authentication+jwt', undefined], issuer: clientId, audience: issuer, required: ['sub', 'exp', 'jti'], longest: LONGEST_SECONDS }
  try {
    const { alg } = readJwtHeader(assertionOf(presented))
    const symmetric = alg.startsWith('HS')
    const claims = await verifyJwt(assertionOf(presented), profile, findKeys, epochSeconds(ctx.clock))
    const { sub, jti, exp } = claims
    if (sub !== clientId || typeof jti !== 'string' || jti === '' || jti.length > 500) throw new JwtFault(sub === clientId ? 'jti' : 'sub')
    requireAllowed(ctx, client, { rule: 'signing_algorithm', allows: ({ signingAlgorithms }) => symmetric || signingAlgorithms.includes(alg) }, () => new JwtFault('alg'))
    return (await isSeenFirst(ctx.db, `client-assertion/${client.key}`, jti, ((exp ?? 0) + CLOCK_SKEW_SECONDS) * 1000)) || { cause: 'client_auth.assertion', hints: [{ name: 'seen_before' }] }
  } catch (error) {
    if (!(error instanceof JwtFault)) throw error
    ctx.log.info({ event: 'client.assertion', client_id: clientId, fault: error.message }, 'a client assertion was not taken')
    return { cause: 'client_auth.assertion', ...jwtFindings(assertionOf(presented), error, profile, epochSeconds(ctx.clock)) }
  }
}
