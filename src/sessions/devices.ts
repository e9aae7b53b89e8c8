import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { type DrawnToken, drawToken, readToken } from '../lib/opaque-token.ts'
import { DEVICE_SECONDS } from './session.ts'

// Owns devices and remembered_accounts: what the account chooser of one device remembers. The cookie is an opaque id with a secret;
// names and addresses stay on the server.

export interface RememberedAccount {
  readonly userId: string
  readonly providerId: string
}

const MOST_ACCOUNTS = 10

/** The device of a cookie, or nothing. */
export async function findDevice(ctx: Context, cookie: string | undefined): Promise<string | undefined> {
  const presented = cookie === undefined ? undefined : readToken('dv', cookie)
  if (presented === undefined) return undefined
  const { rows } = await sql<{ device_id: string }>`select device_id from devices where device_id = ${presented.id} and secret_hash = ${presented.hash} and expires_at > clock_now()`.execute(ctx.db)
  return rows[0]?.device_id
}

/** A new device that remembers an account; its token is the cookie's value. */
export async function createDevice(ctx: Context, { userId, providerId }: RememberedAccount): Promise<DrawnToken> {
  const token = drawToken('dv', ctx.clock.now())
  await sql`with made as (insert into devices (device_id, secret_hash, expires_at) values (${token.id}, ${token.hash}, clock_now() + make_interval(secs => ${DEVICE_SECONDS})) returning device_id)
    insert into remembered_accounts (device_id, user_id, provider_id) select device_id, ${userId}, ${providerId} from made`.execute(ctx.db)
  return token
}

/** The accounts a device remembers, last used first. */
export async function listRememberedAccounts(ctx: Context, deviceId: string): Promise<readonly RememberedAccount[]> {
  const { rows } = await sql<{ user_id: string; provider_id: string }>`select user_id, provider_id from remembered_accounts where device_id = ${deviceId} order by used_at desc limit ${MOST_ACCOUNTS}`.execute(ctx.db)
  return rows.map((row) => ({ userId: row.user_id, providerId: row.provider_id }))
}

/** Remembers an account and keeps the device for another while. */
export async function rememberAccount(ctx: Context, deviceId: string, account: RememberedAccount): Promise<void> {
  await sql`with kept as (update devices set expires_at = clock_now() + make_interval(secs => ${DEVICE_SECONDS}) where device_id = ${deviceId} returning device_id)
    insert into remembered_accounts (device_id, user_id, provider_id) select device_id, ${account.userId}, ${account.providerId} from kept
    on conflict (device_id, user_id) do update set provider_id = excluded.provider_id, used_at = clock_now()`.execute(ctx.db)
}

/** Forgets one account, or all, on one device. It stays an account. */
export async function forgetAccount(ctx: Context, deviceId: string, userId: string): Promise<void> {
  await sql`delete from remembered_accounts where device_id = ${deviceId} and user_id = ${userId}`.execute(ctx.db)
}

export async function forgetProvider(ctx: Context, deviceId: string, providerId: string): Promise<void> {
  await sql`delete from remembered_accounts where device_id = ${deviceId} and provider_id = ${providerId}`.execute(ctx.db)
}

export async function forgetDevice(ctx: Context, deviceId: string): Promise<void> {
  await sql`delete from devices where device_id = ${deviceId}`.execute(ctx.db)
}

/** Devices that remember one person remember another from now on. */
export async function moveRememberedAccounts(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`with gone as (delete from remembered_accounts where user_id = ${from} returning *)
    insert into remembered_accounts (device_id, user_id, provider_id, used_at) select device_id, ${to}::uuid, provider_id, used_at from gone
    on conflict (device_id, user_id) do nothing`.execute(trx)
}

/** Deletes at most `limit` expired devices. Returns how many. */
export async function deleteExpiredDevices(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from devices where device_id in (select device_id from devices where expires_at < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
