import type { JWTPayload } from 'jose'
import type { Client } from '../clients/client.ts'
import { clientSigningAlgorithms } from '../clients/json-web-keys.ts'
import { keysOf } from '../clients/keys.ts'
import { profileOf, requireAllowed } from '../clients/profile-rules.ts'
import type { Context } from '../context.ts'
import { epochSeconds } from '../lib/clock.ts'
import { invalidRequestObject } from '../protocol/error.ts'
import { type Form, isRepeatable } from '../protocol/form.ts'
import { JwtFault, readJwtHeader, verifyJwt } from '../protocol/jwt.ts'
import { jwtFindings } from '../protocol/jwt-findings.ts'

// Signed request objects (RFC 9101): the parameters of a request as a JWT of the client. What stands outside of it counts no more.

/** How far `exp` may lie ahead and `nbf` behind (FAPI 2.0 Message Signing §5.3.1). Seconds. */
const LONGEST_SECONDS = 3600

/** The algorithms that request objects may be signed with. `none` is not among them: such an object says nothing that the query could not. */
export function requestObjectAlgorithms(client: Client | undefined): readonly string[] {
  if (client === undefined) return clientSigningAlgorithms
  const { request_object_signing_alg: registered } = client.metadata
  return registered === undefined ? profileOf(client).signingAlgorithms : [registered]
}

// Nothing in it says when it was made for a client whose profile leaves that out: it can be sent again as long as the address stands.
function requireTimes(ctx: Context, client: Client, { exp, nbf }: JWTPayload): void {
  const complete = exp !== undefined && nbf !== undefined
  requireAllowed(ctx, client, { rule: 'request_object_times', allows: ({ requestObjectTimes }) => complete || !requestObjectTimes }, () => new JwtFault('exp or nbf: missing'))
}

function requireAlgorithm(ctx: Context, client: Client, alg: string): void {
  requireAllowed(ctx, client, { rule: 'signing_algorithm', allows: ({ signingAlgorithms }) => signingAlgorithms.includes(alg) }, () => new JwtFault('alg'))
}

const OF_THE_JWT = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sub'])

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : undefined
}

function toForm(claims: JWTPayload): Form {
  const single = new Map<string, string>()
  const repeatable = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(claims)) {
    if (OF_THE_JWT.has(name) || value === '') continue
    if (isRepeatable(name)) repeatable.set(name, (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string' && one !== ''))
    else single.set(name, textOf(value) ?? '')
  }
  return { single, repeatable, repeated: new Set() }
}

/** The parameters in a request object of this client. Throws `invalid_request_object`. */
export async function readRequestObject(ctx: Context, client: Client, jwt: string): Promise<Form> {
  const profile = {
    algorithms: requestObjectAlgorithms(client),
    types: ['oauth-authz-req+jwt', 'jwt', undefined],
    issuer: client.clientId,
    audience: ctx.config.issuer,
    audienceMayBeAmong: true,
    required: ['aud'],
    longest: LONGEST_SECONDS,
  }
  try {
    const claims = await verifyJwt(jwt, profile, keysOf(ctx, client), epochSeconds(ctx.clock))
    requireAlgorithm(ctx, client, readJwtHeader(jwt).alg)
    requireTimes(ctx, client, claims)
    if (claims['client_id'] !== client.clientId) throw new JwtFault('client_id')
    // One object may not lead to another (RFC 9101 §4).
    if (claims['request'] !== undefined || claims['request_uri'] !== undefined) throw new JwtFault('request in a request')
    return toForm(claims)
  } catch (error) {
    if (!(error instanceof JwtFault)) throw error
    throw invalidRequestObject('The request object is not valid', { parameter: 'request', detail: `request_object.${error.message}`, trace: { cause: 'jar.invalid', ...jwtFindings(jwt, error, profile, epochSeconds(ctx.clock)) } })
  }
}
