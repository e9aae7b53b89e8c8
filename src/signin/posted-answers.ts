import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { sha256 } from '../lib/digest.ts'
import { randomBytes } from '../lib/random.ts'

// Owns posted_answers. A provider's page posts its answer from another site, so the browser sends it without our cookies (SameSite=Lax),
// and an assertion is too large for an address. It is kept, sealed, for the moment until the GET that follows: only that one has the
// cookies that show whose browser this is. There is one a departure, so that nobody fills the table with one journey; the later one counts.

/** The GET follows at once; a slow network is allowed for. Seconds. */
const KEPT_SECONDS = 120
const TOKEN = /^[A-Za-z0-9_-]{43}$/

function binding(departure: string, token: string): string {
  return `${departure}/${token}`
}

/** Keeps the fields of an answer to a departure. Returns the token that the address of the next request carries. */
export async function keepPostedAnswer(ctx: Context, departure: string, fields: URLSearchParams): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const sealed = ctx.sealing.seal('posted-answer', Buffer.from(fields.toString()), binding(departure, token))
  await sql`insert into posted_answers (departure, token_hash, sealed_fields, until) values (${departure}, ${sha256(token)}, ${sealed}, clock_now() + make_interval(secs => ${KEPT_SECONDS}))
    on conflict (departure) do update set token_hash = excluded.token_hash, sealed_fields = excluded.sealed_fields, until = excluded.until`.execute(ctx.db)
  return token
}

/** Takes the fields out, once; nothing when they were taken, are too old or belong to another departure. */
export async function takePostedAnswer(ctx: Context, departure: string, token: string): Promise<URLSearchParams | undefined> {
  if (!TOKEN.test(token)) return undefined
  const { rows } = await sql<{ sealed_fields: Buffer }>`delete from posted_answers where departure = ${departure} and token_hash = ${sha256(token)} and until > clock_now() returning sealed_fields`.execute(ctx.db)
  const plain = rows[0] && ctx.sealing.unseal('posted-answer', rows[0].sealed_fields, binding(departure, token))
  return plain === undefined ? undefined : new URLSearchParams(plain.toString('utf8'))
}

/** Deletes at most `limit` answers that nobody came for. Returns how many. */
export async function deleteExpiredPostedAnswers(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from posted_answers where departure in (select departure from posted_answers where until < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
