import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { deriveKey, hmacSha256, sameDigest } from '../lib/digest.ts'
import { isOwnHash } from '../lib/password-hash.ts'
import { PasswordsBusy } from '../lib/password.ts'

// Owns passwords. One argon2id hash an attempt, for unknown people too, so that time tells nobody which names exist. Who came with a hash of
// another system costs that hash on top until the first sign-in: nothing to speak of for a salted digest, a visible time for bcrypt, scrypt
// and PBKDF2. The first good sign-in replaces it.

let nobodys: Promise<string> | undefined

function nobodysHash(ctx: Context): Promise<string> {
  nobodys ??= ctx.passwords.hash('nobody has this password').catch((error: unknown) => {
    nobodys = undefined
    throw error
  })
  return nobodys
}

/** Whether this is the person's password. Without a person (or a password) the same work is done against a hash of nothing. */
export async function isPasswordOf(ctx: Context, userId: string | undefined, password: string): Promise<boolean> {
  const row = userId === undefined ? undefined : await ctx.db.selectFrom('passwords').select('phc').where('user_id', '=', userId).executeTakeFirst()
  if (row === undefined || !isOwnHash(row.phc)) await ctx.passwords.verify(await nobodysHash(ctx), password)
  if (userId === undefined || row === undefined || !(await ctx.passwords.verify(row.phc, password))) return false
  if (!isOwnHash(row.phc)) await replaceImported(ctx, userId, row.phc, password)
  return true
}

// Only while it is still the hash that was compared: a password that was changed meanwhile stays the new one. What a file declared is known
// by its digest, which stays.
async function replaceImported(ctx: Context, userId: string, imported: string, password: string): Promise<void> {
  try {
    const phc = await ctx.passwords.hash(password)
    await ctx.db.updateTable('passwords').set({ phc }).where('user_id', '=', userId).where('phc', '=', imported).execute()
  } catch (error) {
    // The password was right: the hash can wait for the next time.
    if (!(error instanceof PasswordsBusy)) throw error
  }
}

export async function setPasswordHash(db: Kysely<Database>, userId: string, phc: string, declaredDigest: Buffer | null): Promise<void> {
  const values = { phc, declared_digest: declaredDigest, changed_at: sql`clock_now()` }
  await db
    .insertInto('passwords')
    .values({ user_id: userId, phc, declared_digest: declaredDigest })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet(values))
    .execute()
}

// A file that is applied again must not hash each password again. The digest is keyed: the database alone cannot test guesses against it.
function digestOf(ctx: Context, userId: string, password: string): Buffer {
  return hmacSha256(deriveKey(ctx.sealing.macKey('declared-password'), userId), password)
}

/** The password hashes of local accounts, by user id, for tools that compare them with what a file declares. */
export async function listPasswords(db: Kysely<Database>): Promise<ReadonlyMap<string, { readonly phc: string; readonly declaredDigest: Buffer | undefined }>> {
  const rows = await db.selectFrom('passwords').select(['user_id', 'phc', 'declared_digest']).execute()
  return new Map(rows.map((row) => [row.user_id, { phc: row.phc, declaredDigest: row.declared_digest ?? undefined }]))
}

/** Whether a kept digest is that of this password of this person. */
export function isDeclaredDigest(ctx: Context, userId: string, password: string, digest: Buffer): boolean {
  return sameDigest(digest, digestOf(ctx, userId, password))
}

/** Sets a password that was hashed before, inside the caller's transaction. `declaredText` is the file's password, to know it again. */
export async function setReadyPassword(ctx: Context, db: Kysely<Database>, userId: string, phc: string, declaredText: string | undefined): Promise<void> {
  await setPasswordHash(db, userId, phc, declaredText === undefined ? null : digestOf(ctx, userId, declaredText))
}

export async function hasPassword(db: Kysely<Database>, userId: string): Promise<boolean> {
  return (await db.selectFrom('passwords').select('user_id').where('user_id', '=', userId).executeTakeFirst()) !== undefined
}

export async function deletePassword(db: Kysely<Database>, userId: string): Promise<void> {
  await db.deleteFrom('passwords').where('user_id', '=', userId).execute()
}
