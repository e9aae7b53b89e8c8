import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { newRowId } from '../lib/random.ts'

// Owns trusted_devices: on which devices a person is not asked for a second factor for a while. A row belongs to a person and to the device
// whose cookie's secret is kept hashed with the device; without that cookie the row is worth nothing, and it goes when the device is forgotten.

export const TRUST_DAYS = 30

export interface TrustedDevice {
  readonly trustId: string
  /** The family of the browser (lib/user-agent.ts); empty when it is not known. */
  readonly label: string
  readonly createdAt: Date
  readonly until: Date
}

/** Trusts a device from now on, for thirty days. */
export async function trustDevice(ctx: Context, userId: string, deviceId: string, label: string): Promise<void> {
  await sql`insert into trusted_devices (trust_id, user_id, device_id, label, until) values (${newRowId(ctx.clock.now())}, ${userId}, ${deviceId}, ${label}, clock_now() + make_interval(days => ${TRUST_DAYS}))
    on conflict (user_id, device_id) do update set label = excluded.label, created_at = clock_now(), until = excluded.until`.execute(ctx.db)
}

export async function isTrustedDevice(ctx: Context, userId: string, deviceId: string): Promise<boolean> {
  const { rows } = await sql`select from trusted_devices where user_id = ${userId} and device_id = ${deviceId} and until > clock_now()`.execute(ctx.db)
  return rows.length > 0
}

export async function listTrustedDevices(ctx: Context, userId: string): Promise<readonly TrustedDevice[]> {
  const { rows } = await sql<{ trust_id: string; label: string; created_at: Date; until: Date }>`select trust_id, label, created_at, until from trusted_devices where user_id = ${userId} and until > clock_now() order by created_at desc`.execute(ctx.db)
  return rows.map((row) => ({ trustId: row.trust_id, label: row.label, createdAt: row.created_at, until: row.until }))
}

/** Trusts one device no longer. False when it is not one of this person's. */
export async function forgetTrustedDevice(ctx: Context, userId: string, trustId: string): Promise<boolean> {
  const result = await sql`delete from trusted_devices where user_id = ${userId} and trust_id::text = ${trustId}`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Trusts no device of this person: after a password or a factor was changed. */
export async function forgetTrustedDevices(db: Kysely<Database>, userId: string): Promise<void> {
  await sql`delete from trusted_devices where user_id = ${userId}`.execute(db)
}

/** Deletes at most `limit` whose time is over. Returns how many. */
export async function deleteExpiredTrust(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from trusted_devices where trust_id in (select trust_id from trusted_devices where until < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
