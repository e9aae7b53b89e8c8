import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { hmacSha256, sameDigest, sha256 } from '../lib/digest.ts'
import { randomBytes } from '../lib/random.ts'

// Owns what an authenticator signs. A challenge carries its time and a MAC over what it is for (journey and browser, or account page), so that
// showing a page writes nothing and a stranger fills no table; only one that was answered is remembered, until it is over.

/** Seconds. */
export const CHALLENGE_SECONDS = 300
const NONCE = 16
const TIME = 6
const MAC = 32

function macOf(ctx: Context, head: Uint8Array, subject: string): Buffer {
  return hmacSha256(ctx.sealing.macKey('passkey-challenge'), Buffer.concat([head, Buffer.from(subject)]))
}

/** A challenge for one purpose of one browser, base64url. */
export function drawChallenge(ctx: Context, subject: string): string {
  const time = Buffer.alloc(TIME)
  time.writeUIntBE(Math.floor(ctx.clock.now() / 1000) + CHALLENGE_SECONDS, 0, TIME)
  const head = Buffer.concat([randomBytes(NONCE), time])
  return Buffer.concat([head, macOf(ctx, head, subject)]).toString('base64url')
}

/** Takes a challenge, once: false for another purpose's or browser's, for one that is over, and the second time. The database's clock decides. */
export async function takeChallenge(ctx: Context, challenge: string, subject: string): Promise<boolean> {
  const bytes = Buffer.from(challenge, 'base64url')
  if (bytes.length !== NONCE + TIME + MAC) return false
  const head = bytes.subarray(0, NONCE + TIME)
  if (!sameDigest(bytes.subarray(NONCE + TIME), macOf(ctx, head, subject))) return false
  const until = head.readUIntBE(NONCE, TIME)
  const result = await sql`insert into passkey_challenges (challenge_hash, until) select ${sha256(bytes)}, to_timestamp(${until}) where to_timestamp(${until}) > clock_now() on conflict do nothing`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Deletes at most `limit` that are over. Returns how many. */
export async function deleteExpiredChallenges(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from passkey_challenges where challenge_hash in (select challenge_hash from passkey_challenges where until < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
