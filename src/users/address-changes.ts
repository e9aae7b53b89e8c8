import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { drawToken, readToken } from '../lib/opaque-token.ts'

// Owns address_changes: e-mail addresses that are to become somebody's once a link that was mailed there has come back. Only the link's hash
// is kept; the address is sealed.

/** Seconds. */
export const ADDRESS_CHANGE_SECONDS = 3600

export interface AddressChange {
  readonly userId: string
  readonly address: string
}

interface Row {
  readonly change_id: string
  readonly user_id: string
  readonly sealed_address: Buffer
}

/** A new link's secret. */
export async function createAddressChange(ctx: Context, { userId, address }: AddressChange): Promise<string> {
  const token = drawToken('ea', ctx.clock.now())
  await sql`insert into address_changes (change_id, secret_hash, user_id, sealed_address, expires_at)
    values (${token.id}, ${token.hash}, ${userId}, ${ctx.sealing.seal('address-change', Buffer.from(address), token.id)}, clock_now() + make_interval(secs => ${ADDRESS_CHANGE_SECONDS}))`.execute(ctx.db)
  return token.text
}

const LIVE = sql`used_at is null and expires_at > clock_now()`
const COLUMNS = sql`change_id, user_id, sealed_address`

function toChange(ctx: Context, row: Row | undefined): AddressChange | undefined {
  const address = row && ctx.sealing.unseal('address-change', row.sealed_address, row.change_id)
  return row && address && { userId: row.user_id, address: address.toString('utf8') }
}

/** What a link is about, without using it. */
export async function findAddressChange(ctx: Context, text: string): Promise<AddressChange | undefined> {
  const token = readToken('ea', text)
  if (token === undefined) return undefined
  const { rows } = await sql<Row>`select ${COLUMNS} from address_changes where change_id = ${token.id} and secret_hash = ${token.hash} and ${LIVE}`.execute(ctx.db)
  return toChange(ctx, rows[0])
}

/** Uses a link, once. */
export async function spendAddressChange(ctx: Context, db: Kysely<Database>, text: string): Promise<AddressChange | undefined> {
  const token = readToken('ea', text)
  if (token === undefined) return undefined
  const { rows } = await sql<Row>`update address_changes set used_at = clock_now() where change_id = ${token.id} and secret_hash = ${token.hash} and ${LIVE} returning ${COLUMNS}`.execute(db)
  return toChange(ctx, rows[0])
}

/** Makes every link of a person worthless. */
export async function voidAddressChanges(db: Kysely<Database>, userId: string): Promise<void> {
  await sql`update address_changes set used_at = clock_now() where user_id = ${userId} and used_at is null`.execute(db)
}

/** Deletes at most `limit` links that are over. Returns how many. */
export async function deleteExpiredAddressChanges(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from address_changes where change_id in (select change_id from address_changes where expires_at < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
