import type { Context } from '../context.ts'
import type { PresentedProof } from '../http/proof.ts'
import { bearerChallenge, OAuthError } from '../protocol/error.ts'
import type { Trace } from '../protocol/trace.ts'
import { explainAccessToken } from './explain-access-token.ts'
import { type InspectedToken, inspectAccessToken } from './inspect.ts'
import { confirmationText } from './sender-constraint/constraint.ts'
import { dpop, dpopAlgorithms } from './sender-constraint/dpop.ts'
import { senderConstraints } from './sender-constraint/index.ts'
import { tokenTypeOf } from './sender-constraint/prove.ts'

// Owns what a resource asks of the token that a request shows: its scheme, that it is live, and that whoever shows it holds what it is bound
// to. Where in a request it stood is the resource's business.

const SCHEME = /^(bearer|dpop)(?: +([A-Za-z0-9._~+/-]+=*))?$/i
type Scheme = 'Bearer' | 'DPoP'
const BEARER = { name: 'Authorization', expected: 'Bearer …' } as const

export interface PresentedToken {
  readonly scheme: Scheme
  readonly text: string
}

/** What is missing or wrong, in the scheme that was tried (RFC 6750 §3, RFC 9449 §7.1); who tried none is told of both. */
export function tokenChallenge(scheme: Scheme | undefined, status: 400 | 401 | 403, error?: string, description?: string, scope?: string, trace?: Trace): OAuthError {
  const refusal = bearerChallenge(status, error, description, scope, trace)
  const bearer = refusal.headers['www-authenticate'] ?? 'Bearer'
  const algorithms = `algs="${dpopAlgorithms.join(' ')}"`
  const proof = bearer === 'Bearer' ? `DPoP ${algorithms}` : `${bearer.replace(/^Bearer /, 'DPoP ')}, ${algorithms}`
  const header = scheme === 'Bearer' ? bearer : scheme === 'DPoP' ? proof : `${bearer}, ${proof}`
  return new OAuthError(refusal.code, refusal.description, { status, headers: { ...refusal.headers, 'www-authenticate': header }, trace: refusal.trace })
}

/** The token of an Authorization header. Throws the challenge: bare without one, `invalid_request` for one that cannot be read. */
export function readAuthorization(authorization: string | undefined): PresentedToken {
  const [, name, text] = SCHEME.exec(authorization ?? '') ?? []
  if (authorization === undefined || !/^(bearer|dpop)( |$)/i.test(authorization)) throw tokenChallenge(undefined, 401, undefined, undefined, undefined, { cause: 'token.missing', compared: [BEARER] })
  const scheme = /^dpop/i.test(name ?? authorization) ? 'DPoP' : 'Bearer'
  if (text === undefined) throw tokenChallenge(scheme, 400, 'invalid_request', 'The Authorization header is not a bearer token', undefined, { cause: 'token.malformed', compared: [BEARER] })
  return { scheme, text }
}

/** A live token that was shown where it is not good: for another resource, or without the scope or the person that is asked for. */
export function misplacedToken(token: InspectedToken, cause: 'token.audience' | 'token.scope', expected: string): Trace {
  const isAudience = cause === 'token.audience'
  const hints = !isAudience && token.person === undefined ? [{ name: 'token_no_person' }] : []
  return { cause, clientId: token.clientId, compared: [{ name: isAudience ? 'aud' : 'scope', sent: (isAudience ? token.audience : token.scopes).join(' '), expected }], hints }
}

/** A bound token is good only with a proof of its key, and only under the scheme that says so. */
async function requireHolder(ctx: Context, proof: () => PresentedProof, { scheme, text }: PresentedToken, token: InspectedToken): Promise<void> {
  const { confirmation } = token
  if (tokenTypeOf(confirmation) !== scheme) throw tokenChallenge(scheme, 401, 'invalid_token', 'The access token is of another type', undefined, { cause: 'token.binding', clientId: token.clientId, compared: [{ name: 'token_type', sent: scheme, expected: tokenTypeOf(confirmation) }] })
  if (confirmation === undefined) return
  const constraint = senderConstraints.find(({ member }) => confirmation.startsWith(`${member}:`))
  try {
    const proven = await constraint?.prove(proof(), ctx, { accessToken: text, nonceRequired: false })
    if (confirmationText(proven) !== confirmation) throw tokenChallenge(scheme, 401, 'invalid_token', 'The access token is bound to a key that was not proven', undefined, { cause: 'token.binding', clientId: token.clientId, compared: [{ name: 'cnf', sent: confirmationText(proven) ?? undefined, expected: confirmation }] })
  } catch (error) {
    if (constraint !== dpop || !(error instanceof OAuthError) || error.status !== 400) throw error
    const { headers } = tokenChallenge('DPoP', 401, error.code, error.description)
    throw new OAuthError(error.code, error.description, { status: 401, headers: { ...error.headers, ...headers }, trace: { ...error.trace, clientId: token.clientId }, ...(error.detail === undefined ? {} : { detail: error.detail }) })
  }
}

/** The live token that was shown, by its holder. Throws `invalid_token` when it is not live (RFC 6750 §3.1). `proof` is read for bound tokens only. */
export async function requireLiveToken(ctx: Context, presented: PresentedToken, proof: () => PresentedProof): Promise<InspectedToken> {
  const token = await inspectAccessToken(ctx, presented.text)
  if (token === undefined) throw tokenChallenge(presented.scheme, 401, 'invalid_token', 'The access token is not valid', undefined, { cause: 'token.unknown', later: () => explainAccessToken(ctx, presented.text) })
  await requireHolder(ctx, proof, presented, token)
  return token
}
