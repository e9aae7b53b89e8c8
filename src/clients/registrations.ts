import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/schema.ts'
import { type DrawnToken, drawToken, readToken } from '../lib/opaque-token.ts'

// Owns client_registrations and registration_tokens: who may register a client, and who may look after one that registered itself.

/** A new registration access token of a client (RFC 7592 §3); the one before is worth nothing. */
export async function drawRegistrationAccessToken(trx: Transaction<Database>, clientKey: string, nowMilliseconds: number): Promise<DrawnToken> {
  const token = drawToken('ra', nowMilliseconds)
  await sql`insert into client_registrations (client_key, token_id, secret_hash) values (${clientKey}, ${token.id}, ${token.hash})
    on conflict (client_key) do update set token_id = excluded.token_id, secret_hash = excluded.secret_hash`.execute(trx)
  return token
}

/** Whether a token is the registration access token of that client. */
export async function isRegistrationAccessToken(db: Kysely<Database>, clientKey: string, text: string): Promise<boolean> {
  const presented = readToken('ra', text)
  if (presented === undefined) return false
  const { rows } = await sql`select 1 from client_registrations where client_key = ${clientKey} and token_id = ${presented.id} and secret_hash = ${presented.hash}`.execute(db)
  return rows.length > 0
}

/** An initial access token (RFC 7591 §3) for so many registrations. Its text is shown once. */
export async function createRegistrationToken(db: Kysely<Database>, token: { readonly note: string; readonly uses: number; readonly seconds: number }, nowMilliseconds: number): Promise<string> {
  const drawn = drawToken('ri', nowMilliseconds)
  await sql`insert into registration_tokens (token_id, secret_hash, note, uses_left, expires_at) values (${drawn.id}, ${drawn.hash}, ${token.note}, ${token.uses}, clock_now() + make_interval(secs => ${token.seconds}))`.execute(db)
  return drawn.text
}

/** Spends one use of an initial access token. False when it has none left, is unknown or over. */
export async function spendRegistrationToken(db: Kysely<Database>, text: string): Promise<boolean> {
  const presented = readToken('ri', text)
  if (presented === undefined) return false
  const result = await sql`update registration_tokens set uses_left = uses_left - 1
    where token_id = ${presented.id} and secret_hash = ${presented.hash} and uses_left > 0 and expires_at > clock_now()`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}
