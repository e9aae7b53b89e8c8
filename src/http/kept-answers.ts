import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { type Context, perContext } from '../context.ts'
import { sameDigest, sha256 } from '../lib/digest.ts'
import { OAuthError } from '../protocol/error.ts'

// Owns kept_answers: what was answered to a request that named itself (`Idempotency-Key`), so that the same request again gets the same bytes
// and does nothing. One row a caller and key, written before anything is done: of a hundred at once one does it and the others wait for it.

const KEPT_HOURS = 24
const LONGEST_WAIT_MS = 8000
const LOOK_MS = 40

export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface NamedRequest {
  readonly caller: string
  readonly key: string
  /** Everything that makes it the same request: method, path, body. */
  readonly content: string
}

const KEY = /^[\x21-\x7e]{1,255}$/

/** Throws `invalid_request` for a key that cannot be one. */
export function requireKey(key: string): string {
  if (!KEY.test(key)) throw new OAuthError('invalid_request', 'Idempotency-Key must be 1 to 255 visible ASCII characters', { parameter: 'idempotency-key' })
  return key
}

interface Row {
  readonly request_hash: Buffer
  readonly answer: Buffer | null
}

const rowName = ({ caller, key }: NamedRequest): string => `${caller} ${sha256(key).toString('hex')}`

async function find(ctx: Context, { caller, key }: NamedRequest): Promise<Row | undefined> {
  return (await sql<Row>`select request_hash, answer from kept_answers where caller = ${caller} and key_hash = ${sha256(key)} and expires_at > clock_now()`.execute(ctx.db)).rows[0]
}

/** Takes the key for this request. False when somebody has it. */
async function take(ctx: Context, { caller, key, content }: NamedRequest): Promise<boolean> {
  const { rows } = await sql`insert into kept_answers as k (caller, key_hash, request_hash, expires_at) values (${caller}, ${sha256(key)}, ${sha256(content)}, clock_now() + make_interval(hours => ${KEPT_HOURS}))
    on conflict (caller, key_hash) do update set request_hash = excluded.request_hash, answer = null, created_at = clock_now(), expires_at = excluded.expires_at where k.expires_at <= clock_now()
    returning caller`.execute(ctx.db)
  return rows.length > 0
}

async function keep(ctx: Context, request: NamedRequest, answer: KeptAnswer): Promise<void> {
  const sealed = ctx.sealing.seal('kept-answer', Buffer.from(JSON.stringify(answer)), rowName(request))
  await sql`update kept_answers set answer = ${sealed} where caller = ${request.caller} and key_hash = ${sha256(request.key)}`.execute(ctx.db)
}

async function giveBack(ctx: Context, { caller, key }: NamedRequest): Promise<void> {
  await sql`delete from kept_answers where caller = ${caller} and key_hash = ${sha256(key)}`.execute(ctx.db)
}

/** The answer of whoever has the key. A process that died may have done it or not: then nobody does it again. */
async function waitFor(ctx: Context, request: NamedRequest): Promise<KeptAnswer> {
  const until = performance.now() + LONGEST_WAIT_MS
  for (;;) {
    const row = await find(ctx, request)
    if (row === undefined) throw new OAuthError('temporarily_unavailable', 'The first of these requests came to nothing; send it again', { status: 503, headers: { 'retry-after': '1' } })
    if (!sameDigest(row.request_hash, sha256(request.content))) throw new OAuthError('idempotency_key_reused', 'This Idempotency-Key was used for another request', { status: 422 })
    const plain = row.answer === null ? undefined : ctx.sealing.unseal('kept-answer', row.answer, rowName(request))
    if (plain !== undefined) return JSON.parse(plain.toString('utf8')) as KeptAnswer
    if (row.answer !== null || performance.now() > until) throw new OAuthError('outcome_unknown', 'It is not known what became of the first of these requests; look before you send another', { status: 409 })
    await sleep(LOOK_MS)
  }
}

const underWay = perContext(() => new Map<string, Promise<KeptAnswer>>())

async function once(ctx: Context, request: NamedRequest, work: () => Promise<KeptAnswer>): Promise<KeptAnswer> {
  if (!(await take(ctx, request))) return waitFor(ctx, request)
  let answer: KeptAnswer
  try {
    answer = await work()
  } catch (error) {
    await giveBack(ctx, request)
    throw error
  }
  await keep(ctx, request, answer)
  return answer
}

/** Answers a request that names itself: does it, or gives the answer of the first one. What fails is not kept: it may be tried again. */
export async function answerOnce(ctx: Context, request: NamedRequest, work: () => Promise<KeptAnswer>): Promise<KeptAnswer> {
  // Those that come to one process wait there for one, and not each with its own questions to the database.
  const name = `${rowName(request)} ${sha256(request.content).toString('hex')}`
  const known = underWay(ctx).get(name)
  if (known !== undefined) return known
  const mine = once(ctx, request, work).finally(() => underWay(ctx).delete(name))
  underWay(ctx).set(name, mine)
  return mine
}

/** Deletes at most `limit` that are past their time. Returns how many. */
export async function deleteExpiredAnswers(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from kept_answers where (caller, key_hash) in (select caller, key_hash from kept_answers where expires_at <= clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
