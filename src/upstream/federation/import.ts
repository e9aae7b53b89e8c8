import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Context } from '../../context.ts'
import { isDatabaseUnavailable } from '../../database/unavailable.ts'
import { ErrandFailed, runErrand } from '../../lib/child-process.ts'
import type { AggregateSummary } from './aggregate.ts'
import { type Downloaded, download } from './download.ts'
import type { FederatedEntity } from './entity.ts'
import { certificatesOf } from './federation.ts'
import type { ReadAnswer, ReadTask } from './read-process.ts'
import { MetadataRefused } from './refusal.ts'
import { type FederationState, noteFailure, noteUnchanged } from './store.ts'
import { type ImportCounts, writeImport } from './write.ts'

// Owns one import of a federation: its metadata is got, read and verified in a child process, and only then written, all of it or nothing.
// What fails leaves what there was.

const READ_MILLISECONDS = 600_000
const READ_MEGABYTES = 64

/** Seconds between refreshes, whatever the metadata asks for. */
const SHORTEST_REFRESH = 15 * 60
const LONGEST_REFRESH = 24 * 3600
const USUAL_REFRESH = 6 * 3600
/** Seconds until the first try after one that failed; twice as long after each more. */
const FIRST_RETRY = 5 * 60
const LONGEST_RETRY = 3600

function refreshSeconds(cacheSeconds: number | undefined): number {
  return Math.min(Math.max(cacheSeconds ?? USUAL_REFRESH, SHORTEST_REFRESH), LONGEST_REFRESH)
}

async function read(ctx: Context, state: FederationState, file: string, spool: string, signal: AbortSignal): Promise<AggregateSummary> {
  const task: ReadTask = { file, spool, certificates: certificatesOf(state.document), now: ctx.clock.now(), loopback: ctx.config.testFetch }
  // Only our own module answers.
  const answer = (await runErrand({ module: new URL('./read-process.ts', import.meta.url), task, milliseconds: READ_MILLISECONDS, megabytes: READ_MEGABYTES, signal })) as ReadAnswer
  if ('summary' in answer) return answer.summary
  throw 'refused' in answer ? new MetadataRefused(answer.refused) : new Error(answer.failed)
}

// A signed list stays a signed list for as long as it is valid: who can choose which one we get must not be able to bring back an older one.
function refuseOlder({ publishedAt: before, validUntil }: FederationState, { publishedAt, validUntil: until }: AggregateSummary): void {
  const isOlder = before !== undefined && publishedAt !== undefined ? publishedAt < before.getTime() : validUntil !== undefined && until < validUntil.getTime()
  if (isOlder) throw new MetadataRefused('the document is older than the one in force')
}

async function* entitiesOf(spool: string): AsyncGenerator<FederatedEntity> {
  // Written by our own child process from checked values.
  for await (const line of createInterface({ input: createReadStream(spool), crlfDelay: Infinity })) yield JSON.parse(line) as FederatedEntity
}

async function take(ctx: Context, state: FederationState, downloaded: Downloaded, folder: string, signal: AbortSignal): Promise<ImportCounts | undefined> {
  const spool = join(folder, 'entities')
  const summary = await read(ctx, state, downloaded.file, spool, signal)
  refuseOlder(state, summary)
  return writeImport(ctx, state, entitiesOf(spool), {
    etag: downloaded.etag,
    lastModified: downloaded.lastModified,
    publishedAt: summary.publishedAt === undefined ? undefined : new Date(summary.publishedAt),
    validUntil: new Date(summary.validUntil),
    refreshSeconds: refreshSeconds(summary.cacheSeconds),
  })
}

async function importOnce(ctx: Context, state: FederationState, signal: AbortSignal): Promise<ImportCounts | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'portner-federation-'))
  try {
    const downloaded = await download(ctx, state, join(folder, 'metadata'), signal)
    if (downloaded === undefined) {
      await noteUnchanged(ctx.db, state.id)
      return undefined
    }
    return await take(ctx, state, downloaded, folder, signal)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Imports a federation. Returns what it wrote; nothing when there was nothing new or it failed, which is noted and logged. */
export async function importFederation(ctx: Context, state: FederationState, signal: AbortSignal): Promise<ImportCounts | undefined> {
  const started = performance.now()
  try {
    const counts = await importOnce(ctx, state, signal)
    ctx.metrics.federationImports.inc({ result: counts === undefined ? 'unchanged' : 'imported' })
    if (counts !== undefined) {
      ctx.log.info({ federation: state.id, ...counts, milliseconds: Math.round(performance.now() - started) }, 'imported a federation')
      ctx.audit.record({ event: 'federation.imported', federationId: state.id, written: counts.written, disabled: counts.disabled })
    }
    return counts
  } catch (error) {
    if (signal.aborted) return undefined
    if (isDatabaseUnavailable(error)) throw error
    const isTold = error instanceof MetadataRefused || error instanceof ErrandFailed
    const reason = isTold ? error.message : 'something went wrong here; the log has it'
    const retry = Math.min(FIRST_RETRY * 2 ** state.failures, LONGEST_RETRY)
    // Also after a fault of ours: the operator of the federation must not be asked for a hundred megabytes four times a minute.
    await noteFailure(ctx.db, state.id, reason, retry)
    ctx.metrics.federationImports.inc({ result: 'failed' })
    ctx.log.warn({ federation: state.id, reason, ...(isTold ? {} : { err: error }), validUntil: state.validUntil, retrySeconds: retry }, 'a federation was not imported: what was known of it stays in force until it expires')
    return undefined
  }
}
