import { lookup } from 'node:dns'
import { Agent as PlainAgent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { isIP } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import { apiSecrets } from '../apis/api-secrets.ts'
import type { GatekeptApi } from '../apis/store.ts'
import { type Context, perContext } from '../context.ts'
import { isLoopbackAddress, isPublicAddress } from '../lib/address-class.ts'
import { type Circuit, createCircuit } from '../lib/circuit.ts'
import { guardedLookup } from '../lib/guarded-lookup.ts'
import { OAuthError } from '../protocol/error.ts'

// Owns how an API's upstream is reached: its connections, its breaker, what we prove ourselves with, and whether its address is allowed. One
// that an operator's file names may be anywhere; one that a developer named must be on the public Internet, with https, unless the operator
// allowed its host (PORTNER_GATEKEEPER_HOSTS).

/** Milliseconds in which nothing at all moves on a stream that has begun. */
export const IDLE_MILLISECONDS = 300_000
const CONNECTIONS = 512
const IDLE_CONNECTIONS = 64
/** How many calls wait for an answer to begin, and in line; after how many silences in a row the upstream is left alone, for how many milliseconds. */
const CIRCUIT = { atOnce: CONNECTIONS, waiting: CONNECTIONS, failures: 5, pause: 5000 } as const
const DEFAULT_TIMEOUT_SECONDS = 10

export interface Upstream {
  readonly origin: URL
  /** The path that all calls go below; without a slash at its end. */
  readonly base: string
  readonly agent: PlainAgent | TlsAgent
  readonly circuit: Circuit
  /** What proves us, as a flat list of headers. */
  readonly proof: readonly string[]
  /** Milliseconds until an answer must have begun. */
  readonly timeout: number
}

/** The upstream was silent: down, or too slow. Any other error is nobody's silence. */
export class UpstreamSilent extends Error {
  readonly reason: 'unreachable' | 'too-slow'
  constructor(reason: UpstreamSilent['reason'], cause?: unknown) {
    super('the upstream of an API was silent', { cause })
    this.reason = reason
  }
}

function unavailable(detail: string): OAuthError {
  return new OAuthError('upstream_unavailable', 'The API cannot be reached at the moment', { status: 502, detail: `gatekeeper.${detail}` })
}

function proofOf({ api }: GatekeptApi, secret: string | undefined): readonly string[] {
  const auth = api.upstream_auth
  if (auth === undefined || auth.type === 'mtls') return []
  // Without it the upstream would take us for anybody, and anybody's headers for ours.
  if (secret === undefined) throw unavailable('no_secret')
  if (auth.type === 'basic') return ['authorization', `Basic ${Buffer.from(`${auth.username}:${secret}`).toString('base64')}`]
  return auth.type === 'bearer' ? ['authorization', `Bearer ${secret}`] : [auth.name, secret]
}

function mustBeGuarded(ctx: Context, { declared }: GatekeptApi, origin: URL): boolean {
  return !declared && !ctx.config.gatekeeperHosts.includes(origin.host)
}

function agentOf(ctx: Context, gatekept: GatekeptApi, origin: URL, secret: string | undefined): PlainAgent | TlsAgent {
  const isGuarded = mustBeGuarded(ctx, gatekept, origin)
  const isAllowed = (address: string): boolean => isPublicAddress(address) || (ctx.config.testFetch && isLoopbackAddress(address))
  const host = origin.hostname.replace(/^\[|\]$/g, '')
  // A literal address is never looked up.
  if (isGuarded && ((origin.protocol !== 'https:' && !ctx.config.testFetch) || (isIP(host) !== 0 && !isAllowed(host)))) throw unavailable('address')
  const common = { keepAlive: true, timeout: IDLE_MILLISECONDS, maxSockets: CONNECTIONS, maxFreeSockets: IDLE_CONNECTIONS, scheduling: 'lifo', ...(isGuarded ? { lookup: guardedLookup(lookup, isAllowed) } : {}) } as const
  if (origin.protocol === 'http:') return new PlainAgent(common)
  const { upstream_auth: auth, upstream_ca: ca } = gatekept.api
  const trust = ca === undefined ? {} : { ca }
  if (auth?.type !== 'mtls') return new TlsAgent({ ...common, ...trust })
  if (secret === undefined) throw unavailable('no_secret')
  return new TlsAgent({ ...common, secureContext: provingContext(auth.certificate, secret, trust) })
}

/** What proves us at the handshake. Each half is good by itself (gatekept.ts); the key of another certificate proves nothing. */
function provingContext(certificate: string, key: string, trust: { readonly ca?: string }): SecureContext {
  try {
    return createSecureContext({ cert: certificate, key, ...trust })
  } catch {
    throw unavailable('certificate')
  }
}

function open(ctx: Context, gatekept: GatekeptApi, address: string): Upstream {
  const { api } = gatekept
  const origin = new URL(address)
  const secret = apiSecrets.unseal(ctx, api.api_id, gatekept.sealedSecret)
  const onChange = (isOpen: boolean): void => {
    if (isOpen) ctx.metrics.circuitsOpen.inc({ protocol: 'gatekeeper' })
    else ctx.metrics.circuitsOpen.dec({ protocol: 'gatekeeper' })
    ctx.log.warn({ event: 'gatekeeper.circuit', api: api.api_id, open: isOpen }, isOpen ? 'the upstream of an API does not answer: nobody waits for it for a while' : 'the upstream of an API answers again')
  }
  return {
    origin,
    base: origin.pathname.replace(/\/$/, ''),
    agent: agentOf(ctx, gatekept, origin, secret),
    circuit: createCircuit({ ...CIRCUIT, isSilence: (error) => error instanceof UpstreamSilent, onChange }),
    proof: proofOf(gatekept, secret),
    timeout: (api.upstream_timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
  }
}

interface Kept {
  readonly gatekept: GatekeptApi
  readonly signature: string
  readonly upstream: Upstream
}

const kept = perContext((_ctx: Context) => new Map<string, Kept>())

/** What an upstream's connections hang on: as long as it is the same, they and the breaker's memory stay. */
function signatureOf({ api, declared, sealedSecret }: GatekeptApi): string {
  return JSON.stringify([api.upstream, api.upstream_auth, api.upstream_ca, api.upstream_timeout, declared, sealedSecret?.toString('base64')])
}

/** How to reach the upstream of an API; nothing where it has none. Throws 502 where it must not or cannot be reached. */
export function upstreamOf(ctx: Context, gatekept: GatekeptApi): Upstream | undefined {
  const { api } = gatekept
  if (api.upstream === undefined) return undefined
  const known = kept(ctx).get(api.api_id)
  if (known?.gatekept === gatekept) return known.upstream
  const signature = signatureOf(gatekept)
  const upstream = known?.signature === signature ? known.upstream : open(ctx, gatekept, api.upstream)
  // Calls that are under way end on their connections; those that are idle end now.
  if (known !== undefined && known.upstream !== upstream) known.upstream.agent.destroy()
  kept(ctx).set(api.api_id, { gatekept, signature, upstream })
  return upstream
}

/** Ends every connection to upstreams. */
export function closeUpstreams(ctx: Context): void {
  for (const { upstream } of kept(ctx).values()) upstream.agent.destroy()
  kept(ctx).clear()
}

