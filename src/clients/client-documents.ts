import { sql } from 'kysely'
import { LRUCache } from 'lru-cache'
import type { Config } from '../config.ts'
import { type Context, perContext } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { isClientIdUrl } from '../protocol/client-id-url.ts'
import type { Client } from './client.ts'
import { mayLook } from './document-budget.ts'
import { brokenDocumentRule } from './document-rules.ts'
import { fetchDocument, type Found } from './fetch-document.ts'
import { deleteClientsByKey, findClient, readClient, saveDocumentClient } from './store.ts'

// Owns client_documents: clients whose identifier is the address of a document about them, and until when we believe it. Such a client has
// a row like any other, written when it first comes; an operator disables it like any other. Many requests at once make one look; what was
// refused is not looked at again for a while, and of one host not often, so that nobody uses us to hammer it.

/** How long a refusal is remembered by a process, and how long until a silent host is asked again. */
const REST_MS = 60_000
/** A process asks the database again, so that it hears what another one fetched. */
const REMEMBERED_MS = 300_000
/** Who fetches has so long, while others take what was there before. Seconds. */
const CLAIM_SECONDS = 30
/** A host that is silent keeps its clients so long. */
const SILENCE_MS = 86_400_000

interface Standing {
  readonly isGood: boolean
  readonly until: number
}

const standings = perContext(() => new LRUCache<string, Promise<Standing>>({ max: 5000 }))

/** Whether an identifier is an address that is looked at here. */
export function isDocumentId({ clientDocuments, testFetch }: Config, clientId: string): boolean {
  if (clientDocuments === 'off' || !isClientIdUrl(clientId, testFetch)) return false
  return clientDocuments === 'any' || clientDocuments.includes(new URL(clientId).host)
}

interface Claim {
  readonly claimed: boolean
  readonly fetched_at: Date
  readonly fresh_until: Date
}

/** How fresh a known document is. One of all who find it stale, in all processes, is told to fetch it. */
async function claim(ctx: Context, clientKey: string): Promise<Claim | undefined> {
  const { rows } = await sql<Claim>`
    with claimed as (update client_documents set fresh_until = clock_now() + make_interval(secs => ${CLAIM_SECONDS}) where client_key = ${clientKey} and fresh_until <= clock_now() returning client_key)
    select fetched_at, fresh_until, exists (select from claimed) as claimed from client_documents where client_key = ${clientKey}`.execute(ctx.db)
  return rows[0]
}

/** What was refused once no process believes until it stands there again: neither by another's word, nor because its host falls silent. */
async function disbelieve(ctx: Context, clientKey: string): Promise<void> {
  await sql`update client_documents set fetched_at = to_timestamp(0) where client_key = ${clientKey}`.execute(ctx.db)
}

/** Whether it was read, and found good, not too long ago. */
function isBelieved({ fetched_at }: Claim, now: number): boolean {
  return now - fetched_at.getTime() < SILENCE_MS
}

async function keep(ctx: Context, url: string, { metadata, freshSeconds }: Found & { kind: 'document' }): Promise<void> {
  const { isNew } = await inTransaction(ctx.db, async (trx) => {
    const saved = await saveDocumentClient(trx, url, metadata)
    await sql`insert into client_documents (client_key, fresh_until) values (${saved.key}, clock_now() + make_interval(secs => ${freshSeconds}))
      on conflict (client_key) do update set fetched_at = clock_now(), fresh_until = excluded.fresh_until`.execute(trx)
    return saved
  })
  if (isNew) ctx.audit.record({ event: 'client.changed', clientId: url, change: 'described itself' })
}

async function fetchAllowed(ctx: Context, url: string): Promise<Found> {
  const found = await fetchDocument(ctx, url)
  const why = found.kind === 'document' ? await brokenDocumentRule(ctx, found.metadata) : undefined
  return why === undefined ? found : { kind: 'refused', why }
}

async function look(ctx: Context, url: string): Promise<Standing> {
  const now = ctx.clock.now()
  const client = await readClient(ctx.db, url)
  const known = client && (await claim(ctx, client.key))
  if (known !== undefined && !known.claimed) return { isGood: isBelieved(known, now), until: Math.min(known.fresh_until.getTime(), now + REMEMBERED_MS) }
  const found: Found = mayLook(ctx, new URL(url).host) ? await fetchAllowed(ctx, url) : { kind: 'silent', why: 'asked too often' }
  if (found.kind === 'document') {
    await keep(ctx, url, found)
    return { isGood: true, until: now + Math.min(found.freshSeconds * 1000, REMEMBERED_MS) }
  }
  ctx.log.info({ event: 'client.document', client_id: url, result: found.kind, why: found.why }, 'the document of a client could not be used')
  if (found.kind === 'refused' && client !== undefined) await disbelieve(ctx, client.key)
  return { isGood: found.kind === 'silent' && known !== undefined && isBelieved(known, now), until: now + REST_MS }
}

async function standingOf(ctx: Context, url: string): Promise<Standing> {
  const before = standings(ctx).get(url)
  const known = await before
  if (known !== undefined && ctx.clock.now() < known.until) return known
  // Somebody else is looking already.
  const current = standings(ctx).get(url)
  if (current !== undefined && current !== before) return current
  const looking = look(ctx, url)
  standings(ctx).set(url, looking)
  looking.catch(() => standings(ctx).delete(url))
  return looking
}

/** A client by its identifier; one that is described at an address, as it stands there now. Disabled ones are found too. */
export async function resolveClient(ctx: Context, clientId: string): Promise<Client | undefined> {
  if (!isDocumentId(ctx.config, clientId)) return clientId.includes('://') ? undefined : findClient(ctx, clientId)
  const { isGood } = await standingOf(ctx, clientId)
  return isGood ? findClient(ctx, clientId) : undefined
}

/** Notes that a client came for tokens, at most once a day: one that never does is forgotten. */
export async function noteDocumentUse(ctx: Context, client: Client): Promise<void> {
  if (!client.clientId.includes('://')) return
  await sql`update client_documents set used_at = clock_now() where client_key = ${client.key} and (used_at is null or used_at < clock_now() - interval '1 day')`.execute(ctx.db)
}

/** Deletes at most `limit` clients of documents that nobody used for longer than any of their tokens could live, or never. Returns how many. */
export function deleteUnusedDocumentClients(ctx: Context, limit: number): Promise<number> {
  return inTransaction(ctx.db, async (trx) => {
    const { rows } = await sql<{ client_key: string }>`select client_key from client_documents
      where coalesce(used_at, fetched_at) < clock_now() - interval '1 day' and (used_at is null or used_at < clock_now() - interval '100 days') limit ${limit} for update skip locked`.execute(trx)
    return deleteClientsByKey(trx, rows.map((row) => row.client_key))
  })
}
