import { type Kysely, sql, type Transaction } from 'kysely'
import type { JWK } from 'jose'
import { raiseCacheVersion } from '../database/cache-versions.ts'
import type { Database } from '../database/schema.ts'
import { inTransaction } from '../database/transaction.ts'
import type { Sealing } from './sealing.ts'
import { generateSigningKey, isSigningAlgorithm, type NewKey, openPrivateKey, type SigningAlgorithm, type SigningKey, signingAlgorithms } from './signing-key.ts'

// Owns signing_keys. A key is published when its row is there, signs from `signs_from`, retires when its successor signs, and leaves when
// no token it signed can still be alive. Rotation and first creation hold the row lock of the cache counter, so that two processes that
// start or rotate at once make one key each time, not two.

/** JWKS may be cached for 5 minutes; a new key is published twice that long before the first token it signs. */
export const PUBLISHED_BEFORE_USE_SECONDS = 600
/** The longest life of anything we sign is an hour; hints for logout are accepted after that, hence a day. */
export const KEPT_AFTER_RETIREMENT_SECONDS = 86_400

/** The secret key does not open what it once sealed. */
export class SealedKeyError extends Error {}

async function insertKey(trx: Transaction<Database>, sealing: Sealing, key: NewKey, delaySeconds: number): Promise<string> {
  await trx
    .insertInto('signing_keys')
    .values({
      kid: key.kid,
      alg: key.alg,
      public_jwk: JSON.stringify(key.publicJwk),
      sealed_private: sealing.seal('signing-key', key.pkcs8, key.kid),
      signs_from: sql`clock_now() + make_interval(secs => ${delaySeconds})`,
    })
    .execute()
  return key.kid
}

/** Algorithms that have no key. */
async function missingAlgorithms(db: Kysely<Database>): Promise<readonly SigningAlgorithm[]> {
  const rows = await db.selectFrom('signing_keys').select('alg').distinct().execute()
  return signingAlgorithms.filter((alg) => !rows.some((row) => row.alg === alg))
}

/** Algorithms whose newest key is that old. */
async function dueAlgorithms(db: Kysely<Database>, olderThanSeconds: number): Promise<readonly SigningAlgorithm[]> {
  const rows = await db
    .selectFrom('signing_keys')
    .select('alg')
    .groupBy('alg')
    .having(sql<boolean>`max(created_at) <= clock_now() - make_interval(secs => ${olderThanSeconds})`)
    .execute()
  return signingAlgorithms.filter((alg) => rows.some((row) => row.alg === alg))
}

/**
 * Makes keys for the algorithms that `find` names. They are drawn before the transaction, because an RSA key on a busy machine takes longer
 * than a transaction may wait; under the lock it is asked once more which of them are still needed.
 */
async function makeKeys(db: Kysely<Database>, find: (db: Kysely<Database>) => Promise<readonly SigningAlgorithm[]>, keep: (trx: Transaction<Database>, key: NewKey) => Promise<string>): Promise<readonly string[]> {
  const wanted = await find(db)
  if (wanted.length === 0) return []
  const drawn = await Promise.all(wanted.map(generateSigningKey))
  return inTransaction(db, async (trx) => {
    await raiseCacheVersion(trx, 'signing_keys')
    const still = await find(trx)
    const made: string[] = []
    for (const key of drawn) if (still.includes(key.alg)) made.push(await keep(trx, key))
    return made
  })
}

/** Makes the first key of each algorithm that has none. */
export async function createMissingKeys(db: Kysely<Database>, sealing: Sealing): Promise<void> {
  await makeKeys(db, missingAlgorithms, (trx, key) => insertKey(trx, sealing, key, 0))
}

async function retire(trx: Transaction<Database>, alg: SigningAlgorithm): Promise<void> {
  await trx
    .updateTable('signing_keys')
    .set({
      retires_at: sql`clock_now() + make_interval(secs => ${PUBLISHED_BEFORE_USE_SECONDS})`,
      leaves_at: sql`clock_now() + make_interval(secs => ${PUBLISHED_BEFORE_USE_SECONDS + KEPT_AFTER_RETIREMENT_SECONDS})`,
    })
    .where('alg', '=', alg)
    .where('retires_at', 'is', null)
    .execute()
}

/**
 * Publishes a successor for each algorithm whose newest key is older than `olderThanSeconds` (0: whatever its age), and dates the
 * retirement of the one before. Returns the new key ids.
 */
export async function rotateKeys(db: Kysely<Database>, sealing: Sealing, olderThanSeconds: number): Promise<readonly string[]> {
  return makeKeys(
    db,
    (executor) => dueAlgorithms(executor, olderThanSeconds),
    async (trx, key) => {
      await retire(trx, key.alg)
      return insertKey(trx, sealing, key, PUBLISHED_BEFORE_USE_SECONDS)
    },
  )
}

/** All keys that are published now. Throws SealedKeyError when the secret key does not fit. */
export async function listKeys(db: Kysely<Database>, sealing: Sealing): Promise<readonly SigningKey[]> {
  const rows = await db
    .selectFrom('signing_keys')
    .selectAll()
    .where((eb) => eb.or([eb('leaves_at', 'is', null), eb('leaves_at', '>', sql<Date>`clock_now()`)]))
    .orderBy('signs_from', 'desc')
    .execute()
  return rows.flatMap((row) => {
    if (!isSigningAlgorithm(row.alg)) return []
    const pkcs8 = sealing.unseal('signing-key', row.sealed_private, row.kid)
    if (pkcs8 === undefined) throw new SealedKeyError(`PORTNER_SECRET_KEY does not open the signing key ${row.kid}`)
    const { kid, alg, signs_from, retires_at, leaves_at } = row
    const publicJwk = row.public_jwk as JWK
    return [{ kid, alg, publicJwk, privateKey: openPrivateKey(pkcs8), signsFrom: signs_from, retiresAt: retires_at ?? undefined, leavesAt: leaves_at ?? undefined }]
  })
}

/** Removes keys whose last token is gone. Returns how many. */
export async function deleteDepartedKeys(db: Kysely<Database>): Promise<number> {
  const result = await db.deleteFrom('signing_keys').where('leaves_at', '<', sql<Date>`clock_now()`).executeTakeFirst()
  return Number(result.numDeletedRows)
}
