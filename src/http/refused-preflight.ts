import type { FastifyRequest } from 'fastify'
import { type Context, perContext } from '../context.ts'
import { newReference } from '../lib/random.ts'
import { compareAddresses } from '../protocol/redirect-difference.ts'
import type { Trace } from '../protocol/trace.ts'
import { endpointOf } from './trace-request.ts'

// Owns the trace of a preflight that was refused. It names no client, so it goes to those who return people to that very origin: whoever forgot
// to register the origin of a page has registered its address. Which clients those are is looked up after the answer has left, and only so
// often: a stranger who makes up origins gets traces of nobody's, in the ring of all strangers, and costs no look each.

/** What is asked of a client here. */
export interface ReturningClient {
  readonly clientId: string
  readonly metadata: { readonly allowed_origins: readonly string[] }
}

/** The clients, at most a few, that people return to at an origin. */
export type FindReturning = (origin: string) => Promise<readonly ReturningClient[]>

/** Looks at once, and how many of them come back in a second. */
const LOOKS = 20
const LOOKS_A_SECOND = 4
const MILLISECONDS = 1000

const looks = perContext((_ctx: Context) => ({ left: LOOKS, at: performance.now() }))

function mayLook(ctx: Context): boolean {
  const known = looks(ctx)
  const now = performance.now()
  known.left = Math.min(LOOKS, known.left + ((now - known.at) / MILLISECONDS) * LOOKS_A_SECOND)
  known.at = now
  if (known.left < 1) return false
  known.left -= 1
  return true
}

/** Keeps the trace of a preflight from an origin that no client registered. Returns its reference. */
export function traceRefusedPreflight(ctx: Context, request: FastifyRequest, origin: string, findReturning: FindReturning): string {
  const reference = newReference()
  const endpoint = endpointOf(request)
  const record = (under: string, trace: Trace): void =>
    ctx.diagnosis.record({ reference: under, level: 'refused', endpoint, method: 'OPTIONS', status: 204, error: '', description: '', clientId: trace.clientId, forms: [], trace })
  const aboutClient = ({ clientId, metadata }: ReturningClient): Trace => ({ cause: 'cors.origin', clientId, ...compareAddresses('Origin', origin, metadata.allowed_origins) })
  const later = async (): Promise<Trace> => {
    const [first, ...others] = await findReturning(origin)
    for (const other of others) record(newReference(), aboutClient(other))
    return first === undefined ? { cause: 'cors.origin', ...compareAddresses('Origin', origin, []) } : aboutClient(first)
  }
  record(reference, mayLook(ctx) ? { cause: 'cors.origin', later } : { cause: 'cors.origin', compared: [{ name: 'Origin', sent: origin }] })
  return reference
}
