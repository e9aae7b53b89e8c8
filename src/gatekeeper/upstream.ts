import { lookup } from 'node:dns'
import { Agent as PlainAgent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { isIP } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { apiSecrets } from '../apis/api-secrets.ts'
import { findGatekeptApi, type GatekeptApi } from '../apis/store.ts'
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
/** How often upstreams are looked for that nobody can call any more. */
const LOOK_MS = 2000

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

/** The caller of an API has left. */
export class CallerGone extends OAuthError {
  constructor() {
    super('gone', 'The caller has gone', { status: 499 })
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

/** Of a caller that leaves before the answer it is not known whether there would have been one: else whoever is impatient keeps the breaker closed in front of what hangs. */
function isSilence(error: unknown): boolean | undefined {
  if (error instanceof CallerGone) return undefined
  return error instanceof UpstreamSilent
}

/** The circuits of upstreams that do not answer. */
const open = perContext((_ctx: Context) => new WeakSet<Circuit>())

/** Only those count that somebody still could ask: calls that are under way when an upstream goes tell of it afterwards, too. */
function countOpen(ctx: Context): void {
  ctx.metrics.circuitsOpen.set({ protocol: 'gatekeeper' }, [...kept(ctx).values()].filter(({ upstream }) => open(ctx).has(upstream.circuit)).length)
}

function upstreamAt(ctx: Context, gatekept: GatekeptApi, address: string): Upstream {
  const { api } = gatekept
  const origin = new URL(address)
  const secret = apiSecrets.unseal(ctx, api.api_id, gatekept.sealedSecret)
  const onChange = (isOpen: boolean): void => {
    if (isOpen) open(ctx).add(circuit)
    else open(ctx).delete(circuit)
    countOpen(ctx)
    ctx.log.warn({ event: 'gatekeeper.circuit', api: api.api_id, open: isOpen }, isOpen ? 'the upstream of an API does not answer: nobody waits for it for a while' : 'the upstream of an API answers again')
  }
  const circuit = createCircuit({ ...CIRCUIT, isSilence, onChange })
  return {
    origin,
    base: origin.pathname.replace(/\/$/, ''),
    agent: agentOf(ctx, gatekept, origin, secret),
    circuit,
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
  const upstream = known?.signature === signature ? known.upstream : upstreamAt(ctx, gatekept, api.upstream)
  if (known !== undefined && known.upstream !== upstream) letGo(ctx, known)
  kept(ctx).set(api.api_id, { gatekept, signature, upstream })
  return upstream
}

// Calls that are under way end on their connections; those that are idle end now.
function letGo(ctx: Context, { gatekept, upstream }: Kept): void {
  kept(ctx).delete(gatekept.api.api_id)
  upstream.agent.destroy()
  open(ctx).delete(upstream.circuit)
  countOpen(ctx)
}

/** Lets go of upstreams whose API is gone, switched off, or has another one now: nobody may call it any more, so nobody would notice. */
async function letGoOfFormer(ctx: Context): Promise<void> {
  for (const known of kept(ctx).values()) {
    const now = await findGatekeptApi(ctx, known.gatekept.api.api_id)
    const isFormer = now === undefined || signatureOf(now) !== known.signature
    if (isFormer && kept(ctx).get(known.gatekept.api.api_id) === known) letGo(ctx, known)
  }
}

/** Looks after the upstreams that are kept, for as long as the server runs. */
export function watchUpstreams(app: FastifyInstance, ctx: Context): void {
  const timer = setInterval(() => void letGoOfFormer(ctx).catch((error: unknown) => ctx.log.warn({ event: 'gatekeeper.former', err: error }, 'upstreams could not be looked after')), LOOK_MS).unref()
  app.addHook('onClose', async () => {
    clearInterval(timer)
    closeUpstreams(ctx)
  })
}

/** Ends every connection to upstreams. */
function closeUpstreams(ctx: Context): void {
  for (const known of kept(ctx).values()) letGo(ctx, known)
}

