import type { Context } from '../context.ts'
import { isFit } from '../lib/fit-text.ts'
import { FetchFailure } from '../lib/guarded-fetch.ts'
import type { ClientMetadata } from './metadata.ts'
import { DocumentFault, readDocument } from './read-document.ts'

// Owns how a client's document is fetched, and how long its server wants it to be believed, within our bounds.

const LARGEST_BYTES = 32 * 1024
const SHORTEST_SECONDS = 60
const USUAL_SECONDS = 3600
const LONGEST_SECONDS = 86_400

/** What stood at the address: a client, nothing to believe, or nobody answered. */
export type Found =
  | { readonly kind: 'document'; readonly metadata: ClientMetadata; readonly freshSeconds: number }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'silent'; readonly why: string }

function secondsOf(headers: Headers): number {
  const control = headers.get('cache-control') ?? ''
  if (/\bno-(store|cache)\b/i.test(control)) return 0
  const age = Number(/\bmax-age="?(\d{1,9})/i.exec(control)?.[1] ?? NaN)
  return Number.isNaN(age) ? USUAL_SECONDS : age - Number(/^\d{1,9}$/.exec(headers.get('age') ?? '')?.[0] ?? 0)
}

/** How long a document is believed, by RFC 9111 and our bounds. Seconds. */
export function freshSeconds(headers: Headers): number {
  return Math.min(LONGEST_SECONDS, Math.max(SHORTEST_SECONDS, secondsOf(headers)))
}

function isJson(headers: Headers): boolean {
  return /^application\/([a-z0-9.-]+\+)?json *(;|$)/i.test(headers.get('content-type') ?? '')
}

async function read(url: string, answer: Response): Promise<ClientMetadata> {
  if (!isJson(answer.headers)) throw new DocumentFault('content-type')
  const said: unknown = JSON.parse(await answer.text())
  if (typeof said !== 'object' || said === null || Array.isArray(said)) throw new DocumentFault('not an object')
  if (!isFit(said)) throw new DocumentFault('text that cannot be kept')
  return readDocument(url, said as Readonly<Record<string, unknown>>)
}

/** Fetches the document at a client's address. */
export async function fetchDocument(ctx: Context, url: string): Promise<Found> {
  try {
    const answer = await ctx.fetch(url, { headers: { accept: 'application/json' }, largest: LARGEST_BYTES })
    if (answer.status >= 500 || answer.status === 429) return { kind: 'silent', why: `status ${answer.status}` }
    if (answer.status !== 200) return { kind: 'refused', why: `status ${answer.status}` }
    return { kind: 'document', metadata: await read(url, answer), freshSeconds: freshSeconds(answer.headers) }
  } catch (error) {
    if (error instanceof FetchFailure) return { kind: error.reason === 'forbidden' || error.reason === 'too-large' ? 'refused' : 'silent', why: error.reason }
    if (error instanceof DocumentFault) return { kind: 'refused', why: error.message }
    if (error instanceof SyntaxError) return { kind: 'refused', why: 'not JSON' }
    throw error
  }
}
