import { z } from 'zod'
import { approvedScopes } from '../apis/approved-scopes.ts'
import { requireUnlimited } from '../apis/limited-scopes.ts'
import { keysOf } from '../clients/keys.ts'
import { clientSigningAlgorithms } from '../clients/json-web-keys.ts'
import { findTrustedIssuer, type TrustedIssuer } from '../clients/trusted-issuers.ts'
import type { Context } from '../context.ts'
import { isSeenFirst } from '../database/replay.ts'
import { epochSeconds } from '../lib/clock.ts'
import { invalidGrant, type OAuthError } from '../protocol/error.ts'
import { text } from '../protocol/fields.ts'
import { CLOCK_SKEW_SECONDS, JwtFault, readUnprovenClaims, verifyJwt } from '../protocol/jwt.ts'
import { jwtFindings } from '../protocol/jwt-findings.ts'
import type { Findings } from '../protocol/trace.ts'
import { mintClientToken } from '../tokens/access-tokens.ts'
import { type Authorization, joinList } from '../tokens/authorization.ts'
import { startGrant } from '../tokens/direct-grants.ts'
import { confirmationText } from '../tokens/sender-constraint/constraint.ts'
import { findProvider } from '../upstream/store.ts'
import { realmDetails } from '../signin/realms.ts'
import { noteUse } from '../users/consents.ts'
import { findByIdentity } from '../users/identities.ts'
import { findLocalUser } from '../users/store.ts'
import { normalizeUsername, type User } from '../users/user.ts'
import { defineGrant, type GrantRequest } from './grant-type.ts'
import { requireRegistered } from './registered-scopes.ts'
import { unaskedScopes } from './unasked-scopes.ts'

// The JWT bearer grant (RFC 7523 §2.1 and §3): a declared issuer says who is meant, once and to us alone. A person is meant by an identity
// that has signed in here before: nobody is made by somebody else's word, and nobody is found by an address.

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** How far ahead an assertion may end. Seconds. */
const LONGEST_SECONDS = 300
const LONGEST_JTI = 500

const parameters = z.object({ assertion: text })
type Request = GrantRequest<z.output<typeof parameters>>

interface Asserted {
  readonly trusted: TrustedIssuer
  readonly sub: string
  readonly jti: string
  /** Seconds since the epoch. */
  readonly exp: number
  readonly authTime: number
}

// One public sentence: what exactly was wrong is the issuer's to know, and in the log.
function refused(detail: string, findings: Findings = {}): OAuthError {
  return invalidGrant('The assertion is not valid', { detail: `assertion.${detail}`, trace: { cause: 'assertion.invalid', hints: [{ name: 'jwt_fault', values: { fault: detail } }], ...findings } })
}

async function trustedFor(ctx: Context, { client, parameters: { assertion } }: Request): Promise<TrustedIssuer> {
  const { iss } = readUnprovenClaims(assertion)
  const trusted = await findTrustedIssuer(ctx, iss, 'authorization_grants')
  if (trusted === undefined) throw new JwtFault('iss: not trusted')
  if (trusted.clients?.includes(client.clientId) === false) throw new JwtFault('iss: not for this client')
  return trusted
}

async function readAssertion(ctx: Context, request: Request): Promise<Asserted> {
  const trusted = await trustedFor(ctx, request)
  const profile = { algorithms: clientSigningAlgorithms, types: ['jwt', undefined], issuer: trusted.issuer, audience: ctx.config.issuer, required: ['sub', 'exp', 'jti'], longest: LONGEST_SECONDS }
  const now = epochSeconds(ctx.clock)
  const { sub, jti, exp, iat, client_id: client, auth_time: authTime } = await verifyJwt(request.parameters.assertion, profile, keysOf(ctx, { metadata: trusted }), now)
  if (typeof sub !== 'string' || sub === '' || exp === undefined) throw new JwtFault('sub')
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI) throw new JwtFault('jti')
  // Made out for another client: found, or stolen.
  if (client !== undefined && client !== request.client.clientId) throw new JwtFault('client_id')
  return { trusted, sub, jti, exp, authTime: typeof authTime === 'number' && authTime <= now ? authTime : (iat ?? now) }
}

/** The person that the issuer's subject is at its provider. */
async function personOf(ctx: Context, { trusted, sub }: Asserted, providerId: string): Promise<User> {
  const facts = await findProvider(ctx, providerId)
  if (facts === undefined || facts.provider.disabled) throw refused('provider')
  const local = facts.provider.protocol === 'local' ? await findLocalUser(ctx.db, facts.provider.organization, sub) : undefined
  const user = local?.username === normalizeUsername(sub) ? local : await findByIdentity(ctx.db, { providerId, issuer: trusted.issuer, subject: sub })
  if (user === undefined) throw refused('sub_unknown')
  return user
}

function scopesOf({ scopes, client }: Request): readonly string[] {
  const asked = scopes.length === 0 ? client.scopes : scopes
  requireRegistered(asked, client)
  return asked.filter((scope) => scope !== 'offline_access')
}

// Spent last: what is refused for another reason costs nothing.
async function spend(ctx: Context, { trusted, jti, exp }: Asserted): Promise<void> {
  if (!(await isSeenFirst(ctx.db, `assertion/${trusted.issuer}`, jti, (exp + CLOCK_SKEW_SECONDS) * 1000))) throw refused('used')
}

async function forPerson(ctx: Context, request: Request, asserted: Asserted, user: User): Promise<Authorization> {
  const { client, access, lifetime, resources, confirmation } = request
  const asked = scopesOf(request)
  await requireUnlimited(ctx, asked)
  const scopes = await unaskedScopes(ctx, client, user, asked, refused)
  await spend(ctx, asserted)
  await noteUse(ctx, user.userId, client.key, scopes)
  const started = await startGrant(ctx, { client, userId: user.userId, sessionId: undefined, scopes, audience: resources, details: await realmDetails(ctx, user, scopes), authTime: asserted.authTime, offline: true, token: access, lifetime, refreshHash: null, confirmation: confirmationText(confirmation), grantConfirmation: null })
  if (started === undefined) throw refused('not_live')
  return { scopes, audience: resources, person: started.person, withoutIdToken: true }
}

async function forClient(ctx: Context, request: Request, asserted: Asserted): Promise<Authorization> {
  const { client, access, lifetime, resources, confirmation } = request
  if (asserted.sub !== client.clientId) throw refused('sub')
  const scopes = await approvedScopes(ctx, client, scopesOf(request), 'client')
  await spend(ctx, asserted)
  const kept = await mintClientToken(ctx, { id: access.id, hash: access.hash, clientKey: client.key, scope: scopes.join(' '), audience: joinList(resources), lifetime, confirmation: confirmationText(confirmation), authorizationDetails: [] })
  if (!kept) throw refused('client')
  return { scopes, audience: resources, person: undefined }
}

export const jwtBearer = defineGrant({
  type: JWT_BEARER,
  parameters,
  publicClients: 'refused',
  redeem: async (request, ctx) => {
    const asserted = await readAssertion(ctx, request).catch((error: unknown) => {
      throw error instanceof JwtFault ? refused(error.message, jwtFindings(request.parameters.assertion, error, { audience: ctx.config.issuer, longest: LONGEST_SECONDS, required: ['sub'] }, epochSeconds(ctx.clock))) : error
    })
    const { provider } = asserted.trusted
    const authorization = provider === undefined ? await forClient(ctx, request, asserted) : await forPerson(ctx, request, asserted, await personOf(ctx, asserted, provider))
    return { kind: 'authorized', authorization, drawn: { access: request.access, refreshToken: undefined } }
  },
})
