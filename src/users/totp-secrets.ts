import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { randomBytes } from '../lib/random.ts'
import { TOTP_STEP_SECONDS, totpCode } from '../lib/totp.ts'
import { sameDigest } from '../lib/digest.ts'

// Owns totp_secrets: what an authenticator app shares with us, sealed, and the last step whose code was taken. A code works once: the
// statement that takes it moves the step on, so of a hundred at the same time one wins (RFC 6238 §5.2).

const SECRET_BYTES = 20
/** How far an app's clock may be off, in steps. */
const WINDOW = 1
/** Codes of this long ago are told apart from wrong ones. */
const RECENT = 10

export type TotpVerdict = 'good' | 'wrong' | 'expired' | 'used'

export function drawTotpSecret(): Buffer {
  return randomBytes(SECRET_BYTES)
}

/** In a statement: whether a person has a secret. */
export function totpSecretExists(userId: string): RawBuilder<boolean> {
  return sql`exists (select from totp_secrets where user_id = ${userId})`
}

export async function hasTotpSecret(ctx: Context, userId: string): Promise<boolean> {
  const { rows } = await sql<{ has: boolean }>`select ${totpSecretExists(userId)} as has`.execute(ctx.db)
  return rows[0]?.has === true
}

/** Gives a person a secret, in the place of the one before. `step` is that of the code that confirmed it: it works no second time. `declared`: nobody's phone, but the demo's. */
export async function saveTotpSecret(ctx: Context, db: Kysely<Database>, userId: string, secret: Uint8Array, step: number, declared = false): Promise<void> {
  const sealed = ctx.sealing.seal('totp-secret', secret, userId)
  await sql`insert into totp_secrets (user_id, sealed_secret, last_step, declared) values (${userId}, ${sealed}, ${step}, ${declared})
    on conflict (user_id) do update set sealed_secret = excluded.sealed_secret, last_step = excluded.last_step, declared = excluded.declared, created_at = clock_now(), used_at = null`.execute(db)
}

export async function deleteTotpSecret(db: Kysely<Database>, userId: string): Promise<boolean> {
  const result = await sql`delete from totp_secrets where user_id = ${userId}`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}

function currentStep(ctx: Context): number {
  return Math.floor(ctx.clock.now() / 1000 / TOTP_STEP_SECONDS)
}

/** The step whose code this is, among those that are taken now; nothing for any other code. All are compared, whichever fits. */
export function acceptedStep(ctx: Context, secret: Uint8Array, code: string): number | undefined {
  const now = currentStep(ctx)
  const steps = Array.from({ length: 2 * WINDOW + 1 }, (_, i) => now - WINDOW + i)
  return steps.filter((step) => sameDigest(Buffer.from(totpCode(secret, step)), Buffer.from(code))).at(-1)
}

function wasRecent(ctx: Context, secret: Uint8Array, code: string): boolean {
  const now = currentStep(ctx)
  return Array.from({ length: RECENT }, (_, i) => now - WINDOW - 1 - i).some((step) => totpCode(secret, step) === code)
}

async function readSecret(ctx: Context, userId: string): Promise<Buffer | undefined> {
  const { rows } = await sql<{ sealed_secret: Buffer }>`select sealed_secret from totp_secrets where user_id = ${userId}`.execute(ctx.db)
  return rows[0] && ctx.sealing.unseal('totp-secret', rows[0].sealed_secret, userId)
}

/** Takes a code of six digits, once. */
export async function takeTotpCode(ctx: Context, userId: string, code: string): Promise<TotpVerdict> {
  const secret = await readSecret(ctx, userId)
  if (secret === undefined) return 'wrong'
  const step = acceptedStep(ctx, secret, code)
  if (step === undefined) return wasRecent(ctx, secret, code) ? 'expired' : 'wrong'
  const result = await sql`update totp_secrets set last_step = ${step}, used_at = clock_now() where user_id = ${userId} and last_step < ${step}`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n ? 'good' : 'used'
}
