import { readFile, stat } from 'node:fs/promises'
import type { Context } from '../context.ts'
import { FetchFailure } from '../lib/guarded-fetch.ts'
import { XmlFault } from '../lib/xml.ts'
import { findSamlEntity, postponeSamlRefresh, type SamlEntity, saveSamlEntities } from './saml-entities.ts'
import { readSamlMetadata, SamlMetadataFault } from './saml-metadata.ts'
import type { DeclaredSaml } from './saml-service.ts'

// Owns how the metadata of a declared provider come to be known here, and stay so: fetched or read from a file, parsed, and kept as facts.
// What fails leaves the facts that there are, until they are past their own end of validity.

const LARGEST_BYTES = 1024 * 1024
const HOUR_SECONDS = 3600
const SOONEST_SECONDS = 300
const LATEST_SECONDS = 24 * HOUR_SECONDS
const USUAL_SECONDS = 6 * HOUR_SECONDS
const AFTER_FAILURE_SECONDS = 300
const STATUS_NOT_MODIFIED = 304

/** Why metadata are not known, in words of ours. */
class Unreadable extends Error {}

interface Read {
  /** Nothing when it is still what it was. */
  readonly text: string | undefined
  readonly etag: string | undefined
}

async function fetchText(ctx: Context, url: string, etag: string | undefined): Promise<Read> {
  const answer = await ctx.fetch(url, { headers: { accept: 'application/samlmetadata+xml, application/xml, text/xml', ...(etag === undefined ? {} : { 'if-none-match': etag }) }, largest: LARGEST_BYTES })
  if (answer.status === STATUS_NOT_MODIFIED && etag !== undefined) return { text: undefined, etag }
  if (answer.status !== 200) throw new Unreadable(`the address answers with the status ${answer.status}`)
  const tag = answer.headers.get('etag')
  return { text: await answer.text(), etag: tag !== null && tag.length <= 300 && /^[\x20-\x7e]+$/.test(tag) ? tag : undefined }
}

async function readText(path: string, etag: string | undefined): Promise<Read> {
  try {
    const { size, mtimeMs } = await stat(path)
    if (size > LARGEST_BYTES) throw new Unreadable('the file is too large')
    const current = `file ${size} ${mtimeMs}`
    return current === etag ? { text: undefined, etag } : { text: await readFile(path, 'utf8'), etag: current }
  } catch (error) {
    throw error instanceof Unreadable ? error : new Unreadable('the file cannot be read')
  }
}

/** In how many seconds to look again: as the metadata say, within bounds, and twice before they end. */
function nextSeconds(now: number, validUntil: Date | undefined, cacheSeconds: number | undefined): number {
  const untilEnd = validUntil === undefined ? LATEST_SECONDS : (validUntil.getTime() - now) / 2000
  return Math.max(SOONEST_SECONDS, Math.min(cacheSeconds ?? USUAL_SECONDS, untilEnd, LATEST_SECONDS))
}

async function renew(ctx: Context, provider: DeclaredSaml, known: SamlEntity | undefined): Promise<void> {
  const now = ctx.clock.now()
  const { provider_id: providerId, metadata_url: url, metadata_file: path = '', entity_id: entityId } = provider
  // What is over is asked for again whole, whatever the tag says.
  const etag = known?.validUntil !== undefined && known.validUntil.getTime() <= now ? undefined : known?.etag
  const read = await (url === undefined ? readText(path, etag) : fetchText(ctx, url, etag))
  if (read.text === undefined) return postponeSamlRefresh(ctx.db, providerId, nextSeconds(now, known?.validUntil, undefined))
  const { facts, validUntil, cacheSeconds } = readSamlMetadata(read.text, entityId, { loopback: ctx.config.testFetch })
  if (validUntil !== undefined && validUntil.getTime() <= now) throw new Unreadable('the metadata are past their validUntil')
  await saveSamlEntities(ctx.db, [{ providerId, facts, etag: read.etag, validUntil, refreshSeconds: nextSeconds(now, validUntil, cacheSeconds) }])
}

function reasonOf(error: unknown): string | undefined {
  if (error instanceof FetchFailure) return error.reason
  return error instanceof Unreadable || error instanceof XmlFault || error instanceof SamlMetadataFault ? error.message : undefined
}

/** Reads the metadata of a declared provider now. Returns why it could not; then what was known before stays. */
export async function refreshSamlProvider(ctx: Context, provider: DeclaredSaml): Promise<string | undefined> {
  const providerId = provider.provider_id
  const known = await findSamlEntity(ctx.db, providerId)
  try {
    await renew(ctx, provider, known)
    ctx.metrics.samlMetadata.inc({ result: 'good' })
    return undefined
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    ctx.metrics.samlMetadata.inc({ result: 'failed' })
    ctx.log.warn({ event: 'saml.metadata.failed', providerId, reason, entityId: known?.facts.entity_id, validUntil: known?.validUntil }, 'the metadata of a provider could not be read; what was known stays')
    if (known !== undefined) await postponeSamlRefresh(ctx.db, providerId, AFTER_FAILURE_SECONDS)
    return reason
  }
}
