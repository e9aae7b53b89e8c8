import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { anyQueryForm, bodyForm } from '../http/forms.ts'
import { presentedProof } from '../http/proof.ts'
import type { InspectedToken } from '../tokens/inspect.ts'
import { type PresentedToken, readAuthorization, requireLiveToken, tokenChallenge } from '../tokens/presented-token.ts'

/** The one access token of a request: header, or form body of a POST (RFC 6750 §2); never the address. Throws the challenge. */
function presentedToken(request: FastifyRequest): PresentedToken {
  if (anyQueryForm(request).single.has('access_token')) throw tokenChallenge('Bearer', 400, 'invalid_request', 'The access token must not be in the address')
  const { authorization } = request.headers
  const body = request.method === 'POST' && request.body !== undefined && request.body !== null ? bodyForm(request).single.get('access_token') : undefined
  if (authorization !== undefined && body !== undefined) throw tokenChallenge('Bearer', 400, 'invalid_request', 'The access token was sent in two ways')
  return body === undefined ? readAuthorization(authorization) : { scheme: 'Bearer', text: body }
}

/** The live token behind a request. Throws 401 with a bare challenge when there is none, `invalid_token` when it is not live (RFC 6750 §3.1). */
export async function requireBearer(ctx: Context, request: FastifyRequest): Promise<InspectedToken> {
  return requireLiveToken(ctx, presentedToken(request), () => presentedProof(ctx, request))
}
