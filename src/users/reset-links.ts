import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { drawToken, readToken } from '../lib/opaque-token.ts'

// Owns reset_links: what was mailed to somebody who forgot a password. A link is for one use and twenty minutes, and only its hash is kept.
// It is bound to no browser, because mails are read on telephones; the journey that it came from is remembered so that it can go on.

/** Seconds. */
export const RESET_SECONDS = 1200

export interface ResetLink {
  readonly userId: string
  readonly providerId: string
  /** The journey in which the password was found to be forgotten. */
  readonly interactionId: string | undefined
}

interface Row {
  readonly user_id: string
  readonly provider_id: string
  readonly interaction_id: string | null
}

function toLink(row: Row | undefined): ResetLink | undefined {
  return row && { userId: row.user_id, providerId: row.provider_id, interactionId: row.interaction_id ?? undefined }
}

/** A new link's secret. Without a user it is nobody's: the same row is written, and it never leads anywhere. */
export async function createResetLink(ctx: Context, link: { readonly userId: string | undefined; readonly providerId: string; readonly interactionId: string | undefined }): Promise<string> {
  const token = drawToken('rl', ctx.clock.now())
  await sql`insert into reset_links (link_id, secret_hash, user_id, provider_id, interaction_id, expires_at)
    values (${token.id}, ${token.hash}, ${link.userId ?? null}, ${link.providerId}, ${link.interactionId ?? null}, clock_now() + make_interval(secs => ${RESET_SECONDS}))`.execute(ctx.db)
  return token.text
}

const LIVE = sql`used_at is null and user_id is not null and expires_at > clock_now()`

/** Whose link it is, without using it; nothing when it is used, over or none of ours. */
export async function findResetLink(db: Kysely<Database>, text: string): Promise<ResetLink | undefined> {
  const token = readToken('rl', text)
  if (token === undefined) return undefined
  const { rows } = await sql<Row>`select user_id, provider_id, interaction_id from reset_links where link_id = ${token.id} and secret_hash = ${token.hash} and ${LIVE}`.execute(db)
  return toLink(rows[0])
}

/** Uses a link, once: of a hundred at the same time one gets it. */
export async function spendResetLink(db: Kysely<Database>, text: string): Promise<ResetLink | undefined> {
  const token = readToken('rl', text)
  if (token === undefined) return undefined
  const { rows } = await sql<Row>`update reset_links set used_at = clock_now() where link_id = ${token.id} and secret_hash = ${token.hash} and ${LIVE} returning user_id, provider_id, interaction_id`.execute(db)
  return toLink(rows[0])
}

/** Makes every link of a person worthless: one of them was used, or the password or address was changed. */
export async function voidResetLinks(db: Kysely<Database>, userId: string): Promise<void> {
  await sql`update reset_links set used_at = clock_now() where user_id = ${userId} and used_at is null`.execute(db)
}

/** Deletes at most `limit` links that are over. Returns how many. */
export async function deleteExpiredResetLinks(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from reset_links where link_id in (select link_id from reset_links where expires_at < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
