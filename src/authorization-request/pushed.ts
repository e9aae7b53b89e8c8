import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { drawToken, readToken } from '../lib/opaque-token.ts'
import type { Form } from '../protocol/form.ts'
import type { Findings } from '../protocol/trace.ts'

// Owns pushed_requests (RFC 9126): what a client laid down over an authenticated channel before it sent the browser. The browser carries a
// reference only. It may be opened more than once while the journey goes on (reload, a second tab) and is answered once.

const URN = 'urn:ietf:params:oauth:request_uri:'
/** Seconds. A FAPI 2.0 reference may not live longer than 600, and the shorter it lives, the less it is worth to a thief. */
export const PUSHED_LIFETIME_SECONDS = 60
/** As long as a journey may take. Seconds. */
const KEPT_SECONDS = 2 * 86_400

export function isPushedUri(requestUri: string): boolean {
  return requestUri.startsWith(URN)
}

export interface PushedRequest {
  readonly id: string
  readonly form: Form
  /** The key that proved possession when the request was pushed (RFC 9449 §10.1). */
  readonly jkt: string | undefined
}

interface KeptForm {
  readonly single: Readonly<Record<string, string>>
  readonly repeatable: Readonly<Record<string, readonly string[]>>
}

/** Keeps the parameters of a checked request. Returns its `request_uri`. */
export async function keepPushedRequest(ctx: Context, clientKey: string, form: Form, jkt: string | undefined): Promise<string> {
  const token = drawToken('ru', ctx.clock.now())
  const kept: KeptForm = { single: Object.fromEntries(form.single), repeatable: Object.fromEntries(form.repeatable) }
  await sql`insert into pushed_requests (request_id, secret_hash, client_key, form, jkt, expires_at)
    values (${token.id}, ${token.hash}, ${clientKey}, ${JSON.stringify(kept)}, ${jkt ?? null}, clock_now() + make_interval(secs => ${PUSHED_LIFETIME_SECONDS}))`.execute(ctx.db)
  return `${URN}${token.text}`
}

/** The request behind a reference of this client: nothing when it is unknown, expired, another client's, or answered. */
export async function findPushedRequest(ctx: Context, clientKey: string, requestUri: string): Promise<PushedRequest | undefined> {
  const presented = readToken('ru', requestUri.slice(URN.length))
  if (presented === undefined) return undefined
  const { rows } = await sql<{ form: KeptForm; jkt: string | null }>`select form, jkt from pushed_requests
    where request_id = ${presented.id} and secret_hash = ${presented.hash} and client_key = ${clientKey} and used_at is null and expires_at > clock_now()`.execute(ctx.db)
  const row = rows[0]
  if (row === undefined) return undefined
  const { single, repeatable } = row.form
  return { id: presented.id, form: { single: new Map(Object.entries(single)), repeatable: new Map(Object.entries(repeatable)), repeated: new Set() }, jkt: row.jkt ?? undefined }
}

/** How a reference stands that was not taken: its age, or that it was answered; nothing of one that is not ours. */
export async function pushedFindings(ctx: Context, requestUri: string): Promise<Findings> {
  const presented = readToken('ru', requestUri.slice(URN.length))
  if (presented === undefined) return {}
  const { rows } = await sql<{ over: number; used_at: Date | null }>`select extract(epoch from clock_now() - expires_at)::int as over, used_at from pushed_requests where request_id = ${presented.id} and secret_hash = ${presented.hash}`.execute(ctx.db)
  const row = rows[0]
  if (row === undefined) return {}
  return { compared: [{ name: 'request_uri: age (s)', sent: String(PUSHED_LIFETIME_SECONDS + row.over), expected: `≤ ${PUSHED_LIFETIME_SECONDS}` }], hints: row.used_at === null ? [] : [{ name: 'first_used', values: { time: row.used_at.toISOString() } }] }
}

/** Spends a request. False when it has been answered before: of two tabs one gets the code. */
export async function spendPushedRequest(ctx: Context, id: string): Promise<boolean> {
  const result = await sql`update pushed_requests set used_at = clock_now() where request_id = ${id} and used_at is null`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Deletes at most `limit` requests that no journey can rest on any more. Returns how many. */
export async function deleteOldPushedRequests(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from pushed_requests where request_id in
    (select request_id from pushed_requests where expires_at < clock_now() - make_interval(secs => ${KEPT_SECONDS}) limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
