import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { Agent, fetch as send } from 'undici'
import { isLoopbackAddress, isPublicAddress } from './address-class.ts'
import { canParseUrl } from './can-parse-url.ts'
import { type Circuit, CircuitOpen, createCircuit } from './circuit.ts'
import { guardedLookup, isLoopbackName, REFUSED } from './guarded-lookup.ts'

// The one client for outgoing HTTP. Addresses of other parties come from configuration and from strangers, and a server that fetches what
// it is told reaches into its own network (SSRF). So: https only, the name is resolved once and the connection goes to that very answer
// (a second look-up could say something else), no answer of ours or of a private network is taken, redirects are not followed, and what
// comes back is bounded in time and size. It reads no proxy from the environment. Does not own what is fetched nor how it is cached.

export interface GuardedRequest {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | URLSearchParams | Uint8Array | null | undefined
  readonly signal?: AbortSignal | undefined
  /** Most bytes of the answer, unpacked; 64 KiB unless it says so. */
  readonly largest?: number | undefined
  /** Milliseconds for the whole exchange; five seconds unless it says so. */
  readonly timeout?: number | undefined
  /** Takes the body of a 200 piece by piece instead of keeping it in memory: the Response comes without one. What it throws is thrown on. */
  readonly into?: ((chunk: Uint8Array) => Promise<void>) | undefined
}

/** Fetches one address. The answer is whole; a redirect comes back as its 3xx. Throws FetchFailure and nothing else. */
export type GuardedFetch = (url: string, request?: GuardedRequest) => Promise<Response>

/** Why nothing came back. For the log: whoever named the address must not learn from us what stands there. */
export class FetchFailure extends Error {
  readonly reason: 'forbidden' | 'unreachable' | 'too-slow' | 'too-large' | 'not-asked'
  constructor(reason: FetchFailure['reason']) {
    super('an outgoing request failed')
    this.reason = reason
  }
}

export interface GuardedFetchOptions {
  /** Tests: loopback addresses may be reached, over http too. */
  readonly loopback: boolean
  /** Milliseconds for the whole exchange. */
  readonly timeout?: number
  /** The system's resolver, unless a test brings its own. */
  readonly resolve?: typeof lookup
  /** Told when a host is not asked for a while, and when it has answered again. */
  readonly onCircuit?: (host: string, isOpen: boolean) => void
}

const TIMEOUT_MILLISECONDS = 5000
const LARGEST_BYTES = 64 * 1024
const CONNECTIONS_PER_ORIGIN = 16
/** Of one host: how many exchanges at once and in line, and after how many silences in a row it is left alone, for how many milliseconds. */
const CIRCUIT = { atOnce: CONNECTIONS_PER_ORIGIN, waiting: 128, failures: 5, pause: 5000 } as const
const MOST_CIRCUITS = 2000

function requireAllowed(address: string, loopback: boolean, isAllowed: (address: string) => boolean): void {
  const url = canParseUrl(address) ? new URL(address) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') throw new FetchFailure('forbidden')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol !== 'https:' && !(loopback && url.protocol === 'http:' && isLoopbackName(host))) throw new FetchFailure('forbidden')
  // A literal address is never looked up.
  if (isIP(host) !== 0 && !isAllowed(host)) throw new FetchFailure('forbidden')
}

type Body = AsyncIterable<Uint8Array> | null

async function* bounded(body: Body, largest: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    // Counted after decompression: a small answer may unpack to gigabytes. Leaving the loop cancels the stream.
    if (size > largest) throw new FetchFailure('too-large')
    yield chunk
  }
}

async function readBounded(body: Body, largest: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bounded(body, largest)) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

// What the taker throws is its own trouble, not the network's: it must not become a FetchFailure.
class TakerFailure extends Error {}

async function passOn(body: Body, largest: number, into: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  for await (const chunk of bounded(body, largest)) {
    await into(chunk).catch((error: unknown) => {
      throw new TakerFailure('', { cause: error })
    })
  }
}

function causes(error: unknown): readonly unknown[] {
  const cause = error instanceof Error ? error.cause : undefined
  const several = error instanceof AggregateError ? error.errors : []
  return [error, ...(cause === undefined ? [] : causes(cause)), ...several.flatMap(causes)]
}

function toFailure(error: unknown, signal: AbortSignal): FetchFailure {
  if (error instanceof FetchFailure) return error
  if (signal.aborted) return new FetchFailure('too-slow')
  return new FetchFailure(causes(error).some((one) => one instanceof Error && 'code' in one && one.code === REFUSED) ? 'forbidden' : 'unreachable')
}

function isSilence(error: unknown): boolean {
  return error instanceof FetchFailure && (error.reason === 'unreachable' || error.reason === 'too-slow')
}

// One circuit a host. Those that remember nothing go first when there are many: a host that somebody made up costs nothing for long.
function createCircuits(onCircuit: GuardedFetchOptions['onCircuit']): (origin: string) => Circuit {
  const circuits = new Map<string, Circuit>()
  return (origin) => {
    const known = circuits.get(origin)
    if (known !== undefined) return known
    if (circuits.size >= MOST_CIRCUITS) for (const [name, one] of circuits) if (one.isIdle()) circuits.delete(name)
    const circuit = createCircuit({ ...CIRCUIT, isSilence, onChange: (isOpen) => onCircuit?.(new URL(origin).host, isOpen) })
    if (circuits.size < MOST_CIRCUITS) circuits.set(origin, circuit)
    return circuit
  }
}

const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304])

/** Makes the client, with a pool of connections of its own. */
export function createGuardedFetch(options: GuardedFetchOptions): { readonly fetch: GuardedFetch; readonly close: () => Promise<void> } {
  const { loopback } = options
  const timeout = options.timeout ?? TIMEOUT_MILLISECONDS
  const isAllowed = (address: string): boolean => isPublicAddress(address) || (loopback && isLoopbackAddress(address))
  const agent = new Agent({
    connect: { lookup: guardedLookup(options.resolve ?? lookup, isAllowed), timeout },
    connections: CONNECTIONS_PER_ORIGIN,
    maxHeaderSize: 16 * 1024,
    keepAliveTimeout: 4000,
  })
  const circuitOf = createCircuits(options.onCircuit)
  const exchange = async (address: string, request: GuardedRequest, signal: AbortSignal): Promise<Response> => {
    const { largest = LARGEST_BYTES, into } = request
    try {
      const answer = await send(address, { method: request.method ?? 'GET', headers: { ...request.headers }, body: request.body ?? null, redirect: 'manual', signal, dispatcher: agent })
      const isTaken = into !== undefined && answer.status === 200
      const body = isTaken ? await passOn(answer.body, largest, into) : await readBounded(answer.body, largest)
      const headers = new Headers([...answer.headers].filter(([name]) => !['content-encoding', 'content-length', 'set-cookie'].includes(name)))
      return new Response(WITHOUT_BODY.has(answer.status) ? null : (body ?? null), { status: answer.status, headers })
    } catch (error) {
      if (error instanceof TakerFailure) throw error.cause
      throw toFailure(error, signal)
    }
  }
  return {
    fetch: async (address, request = {}) => {
      requireAllowed(address, loopback, isAllowed)
      const signal = AbortSignal.any([AbortSignal.timeout(request.timeout ?? timeout), ...(request.signal === undefined ? [] : [request.signal])])
      try {
        return await circuitOf(new URL(address).origin).run(() => exchange(address, request, signal), signal)
      } catch (error) {
        throw error instanceof CircuitOpen ? new FetchFailure('not-asked') : error
      }
    },
    close: () => agent.destroy(),
  }
}
