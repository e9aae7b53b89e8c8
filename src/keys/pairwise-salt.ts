import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import { randomBytes } from '../lib/random.ts'
import type { Sealing } from './sealing.ts'
import { SealedKeyError } from './store.ts'

// Owns pairwise_salt: the one row of the secret that pairwise subjects are made with. It is made once and never changes, whatever happens to
// the configuration; replacing PORTNER_SECRET_KEY only seals it anew.

const BYTES = 32
const CONTEXT = 'pairwise-salt'

/** The salt of this database, made at the first call of all processes. Throws SealedKeyError when the secret key does not fit. */
export async function readPairwiseSalt(db: Kysely<Database>, sealing: Sealing): Promise<Buffer> {
  const drawn = sealing.seal(CONTEXT, randomBytes(BYTES), CONTEXT)
  // Of many that start at once one draws it, and all read that one.
  await sql`insert into pairwise_salt (sealed) select ${drawn} where not exists (select from pairwise_salt) on conflict do nothing`.execute(db)
  const { rows } = await sql<{ sealed: Buffer }>`select sealed from pairwise_salt`.execute(db)
  const sealed = rows[0]?.sealed
  const salt = sealed && sealing.unseal(CONTEXT, sealed, CONTEXT)
  if (sealed === undefined || salt === undefined) throw new SealedKeyError('PORTNER_SECRET_KEY does not open the salt of pairwise subjects')
  // Sealed under a secret that may be dropped from the list one day: it would be gone with it.
  if (!sealing.isCurrent(CONTEXT, sealed, CONTEXT)) await sql`update pairwise_salt set sealed = ${sealing.seal(CONTEXT, salt, CONTEXT)} where sealed = ${sealed}`.execute(db)
  return salt
}
