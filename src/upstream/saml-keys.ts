import { createPrivateKey, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { type Context, perContext } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { newRowId } from '../lib/random.ts'
import { selfSignedCertificate } from '../lib/self-signed-certificate.ts'
import { singleFlight } from '../lib/single-flight.ts'

// Owns saml_keys: what we sign requests with, and what assertions are encrypted for. They are no keys of the keyring: the other side pins
// them by hand or through our metadata, which it may read once a day or once a year, so they change only when the operator says so. A
// successor stands in the metadata at once; the one before goes on for a while: it signs until it retires, and opens what was encrypted.

export type SamlKeyPurpose = 'signing' | 'encryption'

export interface SamlKey {
  readonly id: string
  readonly purpose: SamlKeyPurpose
  /** base64 of DER. */
  readonly certificate: string
  /** PKCS#8, PEM. */
  readonly privateKey: string
}

const MODULUS_BITS = 3072
const PURPOSES: readonly SamlKeyPurpose[] = ['signing', 'encryption']
/** How long the key before goes on. Days. */
const OVERLAP_DAYS = 30
/** How long keys stay in memory: they are needed at each departure. Milliseconds. */
const KEPT_MILLISECONDS = 60_000

const generatePair = promisify(generateKeyPair)

interface Row {
  readonly key_id: string
  readonly purpose: SamlKeyPurpose
  readonly certificate: string
  readonly sealed_private: Buffer
}

async function draw(ctx: Context, purpose: SamlKeyPurpose): Promise<Row> {
  const { privateKey } = await generatePair('rsa', { modulusLength: MODULUS_BITS })
  const id = newRowId(ctx.clock.now())
  const certificate = selfSignedCertificate(privateKey, new URL(ctx.config.issuer).hostname, ctx.clock.now())
  return { key_id: id, purpose, certificate, sealed_private: ctx.sealing.seal('saml-key', privateKey.export({ type: 'pkcs8', format: 'der' }), id) }
}

async function list(ctx: Context): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`select key_id, purpose, certificate, sealed_private from saml_keys where retires_at is null or retires_at > clock_now() order by created_at, key_id`.execute(ctx.db)
  return rows
}

// Two servers that make the first one at once: the second finds it there (one current key a purpose, by its index).
async function createMissing(ctx: Context): Promise<readonly Row[]> {
  const there = await list(ctx)
  for (const purpose of PURPOSES.filter((wanted) => !there.some((row) => row.purpose === wanted))) {
    const key = await draw(ctx, purpose)
    await sql`insert into saml_keys (key_id, purpose, certificate, sealed_private) values (${key.key_id}, ${purpose}, ${key.certificate}, ${key.sealed_private}) on conflict do nothing`.execute(ctx.db)
  }
  return list(ctx)
}

function open(ctx: Context, row: Row): SamlKey {
  const pkcs8 = ctx.sealing.unseal('saml-key', row.sealed_private, row.key_id)
  if (pkcs8 === undefined) throw new Error(`the SAML key ${row.key_id} cannot be opened: PORTNER_SECRET_KEY has changed`)
  return { id: row.key_id, purpose: row.purpose, certificate: row.certificate, privateKey: createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' }).export({ type: 'pkcs8', format: 'pem' }).toString() }
}

interface Kept {
  readonly at: number
  readonly keys: readonly SamlKey[]
}

const kept = perContext((ctx) => {
  let known: Kept | undefined
  const renew = singleFlight(async () => {
    known = { at: ctx.clock.now(), keys: (await createMissing(ctx)).map((row) => open(ctx, row)) }
    return known.keys
  })
  return {
    list: async () => (known !== undefined && Math.abs(ctx.clock.now() - known.at) < KEPT_MILLISECONDS ? known.keys : renew()),
    forget: () => {
      known = undefined
    },
  }
})

/** The keys of a purpose that are in use, oldest first; made at the first need. */
export async function listSamlKeys(ctx: Context, purpose: SamlKeyPurpose): Promise<readonly SamlKey[]> {
  return (await kept(ctx).list()).filter((key) => key.purpose === purpose)
}

async function publishSuccessors(ctx: Context): Promise<readonly string[]> {
  const drawn = await Promise.all(PURPOSES.map((purpose) => draw(ctx, purpose)))
  const current = await inTransaction(ctx.db, async (trx) => {
    await sql`update saml_keys set retires_at = clock_now() + make_interval(days => ${OVERLAP_DAYS}) where retires_at is null`.execute(trx)
    for (const key of drawn) await sql`insert into saml_keys (key_id, purpose, certificate, sealed_private) values (${key.key_id}, ${key.purpose}, ${key.certificate}, ${key.sealed_private}) on conflict do nothing`.execute(trx)
    return (await sql<{ key_id: string }>`select key_id from saml_keys where retires_at is null order by created_at, key_id`.execute(trx)).rows
  })
  kept(ctx).forget()
  return current.map((key) => key.key_id)
}

const successors = perContext((ctx) => singleFlight(() => publishSuccessors(ctx)))

/**
 * A successor for each key; of those who ask at once, one makes them, and all are told those. The keys before go on for 30 days, in which the
 * other side must have read our metadata again.
 */
export function rotateSamlKeys(ctx: Context): Promise<readonly string[]> {
  return successors(ctx)()
}
