import { randomInt } from 'node:crypto'
import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { hmacSha256 } from '../lib/digest.ts'
import { newRowId } from '../lib/random.ts'

// Owns sign_ups: people who have filled in the form and not yet proven their address. Nothing of them is an account: what they typed waits
// sealed, one row a journey, for a code that went to the address. Six tries, counted in the statement that compares.

/** Seconds. */
export const SIGN_UP_SECONDS = 1200
const MOST_TRIES = 6
const DIGITS = 6

export interface SignUpDetails {
  readonly name: string
  readonly email: string
  /** The password, hashed. */
  readonly phc: string
  readonly language: string
}

export interface SignUp {
  readonly providerId: string
  readonly details: SignUpDetails
}

export interface SignUpPlace {
  readonly interactionId: string
  readonly browserId: string
}

function codeHash(ctx: Context, id: string, code: string): Buffer {
  return hmacSha256(ctx.sealing.macKey('sign-up-code'), `${id}/${code}`)
}

/** Keeps what was typed in the place of what was typed before, and draws the code that proves the address. */
export async function keepSignUp(ctx: Context, { interactionId, browserId }: SignUpPlace, { providerId, details }: SignUp): Promise<string> {
  const id = newRowId(ctx.clock.now())
  const code = String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0')
  const sealed = ctx.sealing.seal('sign-up', Buffer.from(JSON.stringify(details)), id)
  await sql`with earlier as (delete from sign_ups where interaction_id = ${interactionId})
    insert into sign_ups (sign_up_id, interaction_id, browser_id, provider_id, sealed, code_hash, expires_at)
    values (${id}, ${interactionId}, ${browserId}, ${providerId}, ${sealed}, ${codeHash(ctx, id, code)}, clock_now() + make_interval(secs => ${SIGN_UP_SECONDS}))`.execute(ctx.db)
  return code
}

interface Row {
  readonly sign_up_id: string
  readonly provider_id: string
  readonly sealed: Buffer
}

const LIVE = sql`used_at is null and expires_at > clock_now()`

function open(ctx: Context, row: Row | undefined): SignUp | undefined {
  const plain = row && ctx.sealing.unseal('sign-up', row.sealed, row.sign_up_id)
  return row && plain && { providerId: row.provider_id, details: JSON.parse(plain.toString('utf8')) as SignUpDetails }
}

/** What waits for its code in this journey of this browser. */
export async function findSignUp(ctx: Context, { interactionId, browserId }: SignUpPlace): Promise<SignUp | undefined> {
  const { rows } = await sql<Row>`select sign_up_id, provider_id, sealed from sign_ups where interaction_id = ${interactionId} and browser_id = ${browserId} and tries < ${MOST_TRIES} and ${LIVE}`.execute(ctx.db)
  return open(ctx, rows[0])
}

/** Tries a code: the sign-up when it is right, once; nothing when it is wrong, tried too often or over. */
export async function spendSignUp(ctx: Context, place: SignUpPlace, code: string): Promise<SignUp | undefined> {
  const { interactionId, browserId } = place
  const waiting = await sql<{ sign_up_id: string }>`select sign_up_id from sign_ups where interaction_id = ${interactionId} and browser_id = ${browserId} and ${LIVE}`.execute(ctx.db)
  const id = waiting.rows[0]?.sign_up_id
  if (id === undefined) return undefined
  const { rows } = await sql<Row & { good: boolean }>`
    update sign_ups set tries = tries + 1, used_at = case when code_hash = ${codeHash(ctx, id, code)} then clock_now() end
    where sign_up_id = ${id} and browser_id = ${browserId} and tries < ${MOST_TRIES} and ${LIVE}
    returning sign_up_id, provider_id, sealed, used_at is not null as good`.execute(ctx.db)
  return rows[0]?.good === true ? open(ctx, rows[0]) : undefined
}

/** Deletes at most `limit` that are over. Returns how many. */
export async function deleteExpiredSignUps(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from sign_ups where sign_up_id in (select sign_up_id from sign_ups where expires_at < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
