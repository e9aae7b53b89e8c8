import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { anyQueryForm, bodyForm } from '../http/forms.ts'
import { presentedProof } from '../http/proof.ts'
import { bearerChallenge, OAuthError } from '../protocol/error.ts'
import { type InspectedToken, inspectAccessToken } from '../tokens/inspect.ts'
import { confirmationText } from '../tokens/sender-constraint/constraint.ts'
import { dpop, dpopAlgorithms } from '../tokens/sender-constraint/dpop.ts'
import { senderConstraints } from '../tokens/sender-constraint/index.ts'
import { tokenTypeOf } from '../tokens/sender-constraint/prove.ts'

const SCHEME = /^(bearer|dpop)(?: +([A-Za-z0-9._~+/-]+=*))?$/i
type Scheme = 'Bearer' | 'DPoP'

interface Presented {
  readonly scheme: Scheme
  readonly text: string
}

/** What is missing or wrong, in the scheme that was tried (RFC 6750 §3, RFC 9449 §7.1); who tried none is told of both. */
function challenge(scheme: Scheme | undefined, status: 400 | 401 | 403, error?: string, description?: string): OAuthError {
  const refusal = bearerChallenge(status, error, description)
  const bearer = refusal.headers['www-authenticate'] ?? 'Bearer'
  const algorithms = `algs="${dpopAlgorithms.join(' ')}"`
  const proof = bearer === 'Bearer' ? `DPoP ${algorithms}` : `${bearer.replace(/^Bearer /, 'DPoP ')}, ${algorithms}`
  const header = scheme === 'Bearer' ? bearer : scheme === 'DPoP' ? proof : `${bearer}, ${proof}`
  return new OAuthError(refusal.code, refusal.description, { status, headers: { ...refusal.headers, 'www-authenticate': header } })
}

/** The one access token of a request: header, or form body of a POST (RFC 6750 §2); never the address. Throws the challenge. */
function presentedToken(request: FastifyRequest): Presented {
  if (anyQueryForm(request).single.has('access_token')) throw challenge('Bearer', 400, 'invalid_request', 'The access token must not be in the address')
  const { authorization } = request.headers
  const body = request.method === 'POST' && request.body !== undefined && request.body !== null ? bodyForm(request).single.get('access_token') : undefined
  if (authorization !== undefined && body !== undefined) throw challenge('Bearer', 400, 'invalid_request', 'The access token was sent in two ways')
  if (body !== undefined) return { scheme: 'Bearer', text: body }
  const [, name, text] = SCHEME.exec(authorization ?? '') ?? []
  if (authorization === undefined || !/^(bearer|dpop)( |$)/i.test(authorization)) throw challenge(undefined, 401)
  const scheme = /^dpop/i.test(name ?? authorization) ? 'DPoP' : 'Bearer'
  if (text === undefined) throw challenge(scheme, 400, 'invalid_request', 'The Authorization header is not a bearer token')
  return { scheme, text }
}

/** A bound token is good only with a proof of its key, and only under the scheme that says so. */
async function requireHolder(ctx: Context, request: FastifyRequest, { scheme, text }: Presented, token: InspectedToken): Promise<void> {
  const { confirmation } = token
  if (tokenTypeOf(confirmation) !== scheme) throw challenge(scheme, 401, 'invalid_token', 'The access token is of another type')
  if (confirmation === undefined) return
  const constraint = senderConstraints.find(({ member }) => confirmation.startsWith(`${member}:`))
  try {
    const proven = await constraint?.prove(presentedProof(ctx, request), ctx, { accessToken: text, nonceRequired: false })
    if (confirmationText(proven) !== confirmation) throw challenge(scheme, 401, 'invalid_token', 'The access token is bound to a key that was not proven')
  } catch (error) {
    if (constraint !== dpop || !(error instanceof OAuthError) || error.status !== 400) throw error
    const { headers } = challenge('DPoP', 401, error.code, error.description)
    throw new OAuthError(error.code, error.description, { status: 401, headers: { ...error.headers, ...headers }, ...(error.detail === undefined ? {} : { detail: error.detail }) })
  }
}

/** The live token behind a request. Throws 401 with a bare challenge when there is none, `invalid_token` when it is not live (RFC 6750 §3.1). */
export async function requireBearer(ctx: Context, request: FastifyRequest): Promise<InspectedToken> {
  const presented = presentedToken(request)
  const token = await inspectAccessToken(ctx, presented.text)
  if (token === undefined) throw challenge(presented.scheme, 401, 'invalid_token', 'The access token is not valid')
  await requireHolder(ctx, request, presented, token)
  return token
}
