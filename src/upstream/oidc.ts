import * as client from 'openid-client'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { singleFlight } from '../lib/single-flight.ts'
import { type Attempt, type Callback, type ConnectorType, type Identity, type Opening, type RedirectConnector, UpstreamFailure, type UpstreamDeparture } from './connector.ts'
import { claimTargets, mapPerson } from './mapping.ts'
import { clockFacts, readUpstreamFailure } from './oidc-failure.ts'
import { configure, type Peer, redeem, TENANT } from './oidc-redemption.ts'
import { isSecureAddress, outgoing, within } from './outgoing.ts'
import { providerId, providerMembers } from './provider.ts'
import { isSubject } from './subject.ts'

// Upstream OpenID Connect: authorization code with PKCE, nonce, state and issuer (OpenID Connect Core, RFC 7636, RFC 9207). The provider is
// as hostile as any other peer: what it says is bounded in time and size, typed, signed with a key of its own issuer, meant for us, and
// fresh, or it was never said.

const issuer = z.string().refine(isSecureAddress, 'must be an https URL').refine((text) => !/[?#]/.test(text), 'must have no query, fragment or user name')

const schema = z
  .strictObject({
    provider_id: providerId,
    protocol: z.literal('oidc'),
    ...providerMembers,
    issuer,
    /** Of an issuer with a place for the tenant: those that are taken; left out, all. */
    tenants: z.array(z.guid().transform((text) => text.toLowerCase())).min(1).max(1000).optional(),
    client_id: z.string().min(1).max(500),
    scope: z.string().max(1000).refine((scope) => scope.split(' ').includes('openid'), 'must contain openid').default('openid profile email'),
    claims_mapping: z.record(z.string().min(1).max(200), z.enum(claimTargets)).default({}),
  })
  .superRefine(({ issuer: text, tenants }, context) => {
    if (tenants !== undefined && !text.includes(TENANT)) context.addIssue({ code: 'custom', path: ['tenants'], message: `is for an issuer with ${TENANT} in it` })
  })
type Settings = z.output<typeof schema>

/** How long the provider's metadata is taken for true. Its keys are asked for again as soon as one is missing. Seconds. */
const METADATA_SECONDS = 600
const CLOCK_TOLERANCE_SECONDS = 10
/** An ID token is fetched the moment it is made. Seconds. */
const OLDEST_TOKEN_SECONDS = 300

const keptSchema = z.object({ nonce: z.string(), verifier: z.string(), startedAt: z.number(), fresh: z.boolean(), maxAge: z.number().optional() })
type Kept = z.output<typeof keptSchema>

interface KnownPeer extends Peer {
  /** Seconds by which our clock is ahead of the machine's: tests move it. */
  readonly skew: number
  /** Milliseconds since the epoch. */
  readonly until: number
}

function skewOf(ctx: Context): number {
  return Math.round((ctx.clock.now() - Date.now()) / 1000)
}

// Looked at before the metadata is kept: what cannot be used is asked for again. The browser is sent only where it is encrypted.
function requireEndpoints(ctx: Context, metadata: client.ServerMetadata): void {
  for (const endpoint of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    const address = metadata[endpoint]
    const protocol = address !== undefined && canParseUrl(address) ? new URL(address).protocol : undefined
    if (protocol !== 'https:' && !(protocol === 'http:' && ctx.config.testFetch)) throw new UpstreamFailure('unavailable', endpoint)
  }
}

/** Microsoft's issuer names the tenant, and its metadata says so with the very same place for it; the address of all of them is `common`. */
const ALL_TENANTS = 'common'

function metadataAddress({ issuer: text }: Settings): URL {
  return new URL(text.includes(TENANT) ? `${text.replace(TENANT, ALL_TENANTS)}/.well-known/openid-configuration` : text)
}

async function discover(ctx: Context, settings: Settings, secret: string | undefined): Promise<KnownPeer> {
  const skew = skewOf(ctx)
  const metadata = { [client.clockSkew]: skew, [client.clockTolerance]: CLOCK_TOLERANCE_SECONDS, require_auth_time: false }
  const execute = [client.enableNonRepudiationChecks, ...(ctx.config.testFetch ? [client.allowInsecureRequests] : [])]
  const own = authentication(secret)
  const configuration = await client.discovery(metadataAddress(settings), settings.client_id, metadata, own, { execute, [client.customFetch]: outgoing(ctx) })
  const server = configuration.serverMetadata()
  requireEndpoints(ctx, server)
  if (settings.issuer.includes(TENANT) && server.issuer !== settings.issuer) throw new UpstreamFailure('unavailable', 'issuer')
  return { server, clientId: settings.client_id, metadata, authentication: own, insecure: ctx.config.testFetch, keys: undefined, skew, until: ctx.clock.now() + METADATA_SECONDS * 1000 }
}

/** `client_secret_basic` is what holds where the provider does not say (OpenID Connect Discovery §3). */
function authentication(secret: string | undefined): client.ClientAuth {
  if (secret === undefined) return client.None()
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]
  return (server, metadata, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported
    const isPostOnly = methods !== undefined && !methods.includes('client_secret_basic') && methods.includes('client_secret_post')
    return (isPostOnly ? post : basic)(server, metadata, body, headers)
  }
}

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) })

/** The keys are where the metadata says, and are keys. */
async function requireKeys(ctx: Context, { server }: KnownPeer): Promise<void> {
  const answer = await ctx.fetch(server.jwks_uri ?? '', { headers: { accept: 'application/json' } })
  if (answer.status !== 200) throw new UpstreamFailure('unavailable', 'jwks_uri')
  const keys: unknown = await answer.json().catch(() => undefined)
  if (!keySetSchema.safeParse(keys).success) throw new UpstreamFailure('unavailable', 'jwks_uri')
}

async function begin(ctx: Context, peer: KnownPeer, settings: Settings, attempt: Attempt): Promise<UpstreamDeparture> {
  const [nonce, verifier] = [client.randomNonce(), client.randomPKCECodeVerifier()]
  const { redirectUri, state, fresh, maxAge, loginHint, acrValues, uiLocales } = attempt
  const url = client.buildAuthorizationUrl(configure(peer, peer.server.issuer, outgoing(ctx)), {
    redirect_uri: redirectUri,
    scope: settings.scope,
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(fresh ? { prompt: 'login' } : {}),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
    ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(' ') }),
    ...(uiLocales === undefined ? {} : { ui_locales: uiLocales }),
  })
  const kept: Kept = { nonce, verifier, startedAt: Math.floor(ctx.clock.now() / 1000), fresh, ...(maxAge === undefined ? {} : { maxAge }) }
  return { url: url.href, kept: JSON.stringify(kept) }
}

function invalid(detail: string, skewSeconds?: number): UpstreamFailure {
  return new UpstreamFailure('invalid', detail, skewSeconds === undefined ? {} : { facts: clockFacts(skewSeconds) })
}

// What the library leaves to its caller: an audience of us alone, a token of this very moment, and the sign-in that was asked for.
function checkToken(claims: client.IDToken, clientId: string, now: number, kept: Kept): void {
  const audience = typeof claims.aud === 'string' ? [claims.aud] : claims.aud
  if (audience.length !== 1 || audience[0] !== clientId) throw invalid('aud')
  if (claims.azp !== undefined && claims.azp !== clientId) throw invalid('azp')
  if (claims.iat < now - OLDEST_TOKEN_SECONDS || claims.iat > now + CLOCK_TOLERANCE_SECONDS) throw invalid('iat', claims.iat - now)
  const authTime = claims.auth_time
  if (authTime !== undefined && (typeof authTime !== 'number' || authTime > now + CLOCK_TOLERANCE_SECONDS)) throw invalid('auth_time', typeof authTime === 'number' ? authTime - now : undefined)
  // Sent with max_age, a provider must say when the person signed in (OpenID Connect Core §3.1.2.1).
  const oldest = kept.fresh ? kept.startedAt : kept.maxAge === undefined ? undefined : kept.startedAt - kept.maxAge
  if (kept.maxAge !== undefined && authTime === undefined) throw invalid('auth_time missing')
  if (oldest !== undefined && authTime !== undefined && authTime < oldest - CLOCK_TOLERANCE_SECONDS) throw invalid('auth_time too old')
}

const shortTexts = z.array(z.string().max(100)).max(20)
const LONGEST_ACR = 200

function toIdentity(token: client.IDToken, everything: Readonly<Record<string, unknown>>, settings: Settings): Identity {
  // Of Microsoft's people `oid` is the person, whatever the application; it is the tenant's, as its issuer is.
  const subject = settings.issuer.includes(TENANT) ? token['oid'] : token.sub
  if (!isSubject(subject)) throw invalid(settings.issuer.includes(TENANT) ? 'oid' : 'sub')
  const amr = shortTexts.safeParse(token['amr'])
  const acr = token['acr']
  return {
    issuer: token.iss,
    subject,
    ...mapPerson(everything, settings.claims_mapping),
    acr: typeof acr === 'string' && acr !== '' && acr.length <= LONGEST_ACR ? acr : undefined,
    amr: amr.success ? amr.data : [],
    authTime: token.auth_time,
  }
}

async function complete(ctx: Context, peer: KnownPeer, settings: Settings, callback: Callback): Promise<Identity> {
  const kept = keptSchema.parse(JSON.parse(callback.kept))
  const { configuration, tokens } = await redeem(peer, outgoing(ctx), callback, kept, settings.tenants)
  const token = tokens.claims()
  if (token === undefined) throw invalid('id_token')
  checkToken(token, settings.client_id, Math.floor(ctx.clock.now() / 1000), kept)
  const more = peer.server.userinfo_endpoint === undefined ? {} : await client.fetchUserInfo(configuration, tokens.access_token, token.sub)
  return toIdentity(token, { ...more, ...token }, settings)
}

function openOidc(ctx: Context, { facts, secret }: Opening): RedirectConnector {
  const settings = schema.parse(facts.provider)
  let peer: KnownPeer | undefined
  const renew = singleFlight(async () => discover(ctx, settings, await secret()))
  async function current(): Promise<KnownPeer> {
    if (peer === undefined || peer.until <= ctx.clock.now() || peer.skew !== skewOf(ctx)) peer = await renew()
    return peer
  }
  return {
    kind: 'redirect',
    begin: async (attempt) => {
      try {
        return await within(current().then((known) => begin(ctx, known, settings, attempt)))
      } catch (error) {
        throw readUpstreamFailure(error, 'unavailable')
      }
    },
    complete: async (callback) => {
      try {
        return await within(current().then((known) => complete(ctx, known, settings, callback)))
      } catch (error) {
        throw readUpstreamFailure(error, 'invalid')
      }
    },
    check: async () => {
      try {
        await within(secret().then((text) => discover(ctx, settings, text)).then((fresh) => requireKeys(ctx, fresh)))
      } catch (error) {
        throw readUpstreamFailure(error, 'unavailable')
      }
    },
  }
}

export const oidc: ConnectorType = { protocol: 'oidc', schema, hasSecret: true, open: openOidc }
