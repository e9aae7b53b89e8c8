import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { anyQueryForm, bodyForm } from '../http/forms.ts'
import { presentedProof } from '../http/proof.ts'
import { bearerChallenge } from '../protocol/error.ts'
import type { InspectedToken } from '../tokens/inspect.ts'
import { misplacedToken, type PresentedToken, readAuthorization, requireLiveToken, tokenChallenge } from '../tokens/presented-token.ts'

/** The one access token of a request: header, or form body of a POST (RFC 6750 §2); never the address. Throws the challenge. */
function presentedToken(request: FastifyRequest): PresentedToken {
  if (anyQueryForm(request).single.has('access_token')) throw tokenChallenge('Bearer', 400, 'invalid_request', 'The access token must not be in the address', undefined, { cause: 'token.malformed', hints: [{ name: 'in_the_address' }] })
  const { authorization } = request.headers
  const body = request.method === 'POST' && request.body !== undefined && request.body !== null ? bodyForm(request).single.get('access_token') : undefined
  if (authorization !== undefined && body !== undefined) throw tokenChallenge('Bearer', 400, 'invalid_request', 'The access token was sent in two ways', undefined, { cause: 'token.malformed', hints: [{ name: 'two_ways' }] })
  return body === undefined ? readAuthorization(authorization) : { scheme: 'Bearer', text: body }
}

/** The live token behind a request. Throws 401 with a bare challenge when there is none, `invalid_token` when it is not live (RFC 6750 §3.1). */
export async function requireBearer(ctx: Context, request: FastifyRequest): Promise<InspectedToken> {
  return requireLiveToken(ctx, presentedToken(request), () => presentedProof(ctx, request))
}

/** The same, for an endpoint of ours that is one of these resources (RFC 8707 §3): a token for an API is in that API's hands, and opens nothing here. */
export async function requireBearerFor(ctx: Context, request: FastifyRequest, resources: readonly string[]): Promise<InspectedToken> {
  const token = await requireBearer(ctx, request)
  if (token.audience.length > 0 && !token.audience.some((one) => resources.includes(one))) throw bearerChallenge(401, 'invalid_token', 'The access token is for another resource', undefined, misplacedToken(token, 'token.audience', resources.join(' ')))
  return token
}
