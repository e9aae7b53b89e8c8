import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { anyQueryForm, bodyForm } from '../http/forms.ts'
import { bearerChallenge } from '../protocol/error.ts'
import { type InspectedToken, inspectAccessToken } from '../tokens/inspect.ts'

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i

/** The one bearer token of a request: header, or form body of a POST (RFC 6750 §2); never the address. Throws the challenge. */
function presentedToken(request: FastifyRequest): string {
  if (anyQueryForm(request).single.has('access_token')) throw bearerChallenge(400, 'invalid_request', 'The access token must not be in the address')
  const { authorization } = request.headers
  const body = request.method === 'POST' && request.body !== undefined && request.body !== null ? bodyForm(request).single.get('access_token') : undefined
  if (authorization !== undefined && body !== undefined) throw bearerChallenge(400, 'invalid_request', 'The access token was sent in two ways')
  if (body !== undefined) return body
  if (authorization === undefined || !/^bearer( |$)/i.test(authorization)) throw bearerChallenge(401)
  const token = BEARER.exec(authorization)?.[1]
  if (token === undefined) throw bearerChallenge(400, 'invalid_request', 'The Authorization header is not a bearer token')
  return token
}

/** The live token behind a request. Throws 401 with a bare challenge when there is none, `invalid_token` when it is not live (RFC 6750 §3.1). */
export async function requireBearer(ctx: Context, request: FastifyRequest): Promise<InspectedToken> {
  const token = await inspectAccessToken(ctx, presentedToken(request))
  if (token === undefined) throw bearerChallenge(401, 'invalid_token', 'The access token is not valid')
  return token
}
