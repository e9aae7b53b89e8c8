import { open, stat } from 'node:fs/promises'
import type { Context } from '../../context.ts'
import { FetchFailure } from '../../lib/guarded-fetch.ts'
import { MetadataRefused } from './refusal.ts'
import type { FederationState } from './store.ts'

// Owns how a federation's metadata comes to a file here. It does not read it.

/** Bytes: twice what eduGAIN has. */
const LARGEST_BYTES = 250 * 1024 * 1024
/** Milliseconds for the whole of it. */
const TIMEOUT_MILLISECONDS = 120_000

/** Metadata in a file, with what to ask for the next one by. */
export interface Downloaded {
  readonly file: string
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

const FAILURES: Readonly<Record<FetchFailure['reason'], string>> = {
  forbidden: 'the address is not one of the public network',
  unreachable: 'nothing answers at the address',
  'too-slow': 'it takes too long to come',
  'not-asked': 'nothing has answered there for a while',
  'too-large': `it is larger than ${LARGEST_BYTES / 1024 / 1024} MB`,
}

/** A header as we send it back: short and printable. */
function tagOf(header: string | null): string | undefined {
  return header !== null && header.length <= 300 && /^[\x20-\x7e]+$/.test(header) ? header : undefined
}

async function fetchTo(ctx: Context, url: string, state: FederationState, file: string, signal: AbortSignal): Promise<Downloaded | undefined> {
  const handle = await open(file, 'wx', 0o600)
  try {
    const headers: Record<string, string> = { accept: 'application/samlmetadata+xml, application/xml, text/xml' }
    if (state.etag !== undefined) headers['if-none-match'] = state.etag
    if (state.lastModified !== undefined) headers['if-modified-since'] = state.lastModified
    const into = async (chunk: Uint8Array): Promise<void> => void (await handle.write(chunk))
    const answer = await ctx.fetch(url, { headers, largest: LARGEST_BYTES, timeout: TIMEOUT_MILLISECONDS, into, signal })
    if (answer.status === 304) return undefined
    if (answer.status !== 200) throw new MetadataRefused(`the address answers with the status ${answer.status}`)
    return { file, etag: tagOf(answer.headers.get('etag')), lastModified: tagOf(answer.headers.get('last-modified')) }
  } catch (error) {
    throw error instanceof FetchFailure ? new MetadataRefused(FAILURES[error.reason]) : error
  } finally {
    await handle.close()
  }
}

async function find(path: string, state: FederationState): Promise<Downloaded | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    if (size > LARGEST_BYTES) throw new MetadataRefused(FAILURES['too-large'])
    const etag = `file ${ino} ${size} ${mtimeMs}`
    return etag === state.etag ? undefined : { file: path, etag, lastModified: undefined }
  } catch (error) {
    throw error instanceof MetadataRefused ? error : new MetadataRefused('the file cannot be read')
  }
}

/** Gets a federation's metadata; nothing when it is still the one that was imported. `file` is where it may be put. Throws MetadataRefused. */
export async function download(ctx: Context, state: FederationState, file: string, signal: AbortSignal): Promise<Downloaded | undefined> {
  const { metadata_url: url, metadata_file: path } = state.document
  if (url !== undefined) return fetchTo(ctx, url, state, file, signal)
  return find(path ?? '', state)
}
