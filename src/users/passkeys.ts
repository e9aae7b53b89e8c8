import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'

// Owns passkeys: the public keys of a person's authenticators (WebAuthn Level 3 §4, credential record). What a signature proves is
// webauthn.ts's matter.

export interface Passkey {
  /** base64url. */
  readonly credentialId: string
  readonly userId: string
  readonly name: string
  /** COSE. */
  readonly publicKey: Buffer
  readonly counter: number
  readonly transports: readonly string[]
  /** May be copied to other devices of the person. */
  readonly synced: boolean
  readonly backedUp: boolean
  readonly createdAt: Date
  readonly usedAt: Date | undefined
}

interface Row {
  readonly credential_id: Buffer
  readonly user_id: string
  readonly name: string
  readonly public_key: Buffer
  readonly counter: string
  readonly transports: readonly string[]
  readonly synced: boolean
  readonly backed_up: boolean
  readonly created_at: Date
  readonly used_at: Date | null
}

function toPasskey(row: Row): Passkey {
  return {
    credentialId: row.credential_id.toString('base64url'),
    userId: row.user_id,
    name: row.name,
    publicKey: row.public_key,
    counter: Number(row.counter),
    transports: row.transports,
    synced: row.synced,
    backedUp: row.backed_up,
    createdAt: row.created_at,
    usedAt: row.used_at ?? undefined,
  }
}

const COLUMNS = sql`credential_id, user_id, name, public_key, counter, transports, synced, backed_up, created_at, used_at`
const MOST_PASSKEYS = 20

function idBytes(credentialId: string): Buffer {
  return Buffer.from(credentialId, 'base64url')
}

export async function listPasskeys(ctx: Context, userId: string): Promise<readonly Passkey[]> {
  const { rows } = await sql<Row>`select ${COLUMNS} from passkeys where user_id = ${userId} order by created_at, credential_id`.execute(ctx.db)
  return rows.map(toPasskey)
}

/** In a statement: whether a person has one. */
export function passkeyExists(userId: string): RawBuilder<boolean> {
  return sql`exists (select from passkeys where user_id = ${userId})`
}

/** A passkey by its id, whoever's it is. */
export async function findPasskey(ctx: Context, credentialId: string): Promise<Passkey | undefined> {
  const { rows } = await sql<Row>`select ${COLUMNS} from passkeys where credential_id = ${idBytes(credentialId)}`.execute(ctx.db)
  return rows[0] === undefined ? undefined : toPasskey(rows[0])
}

export type NewPasskey = Pick<Passkey, 'credentialId' | 'userId' | 'name' | 'publicKey' | 'counter' | 'transports' | 'synced' | 'backedUp'>

/** Keeps a new passkey. False when there is one with that id already, anybody's (WebAuthn §7.1 step 26), or the person has very many. */
export async function createPasskey(ctx: Context, passkey: NewPasskey): Promise<boolean> {
  const { credentialId, userId, name, publicKey, counter, transports, synced, backedUp } = passkey
  const result = await sql`insert into passkeys (credential_id, user_id, name, public_key, counter, transports, synced, backed_up)
    select ${idBytes(credentialId)}, ${userId}, ${name}, ${publicKey}, ${counter}, ${[...transports]}, ${synced}, ${backedUp}
    where (select count(*) from passkeys where user_id = ${userId}) < ${MOST_PASSKEYS} on conflict do nothing`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Notes a use. False when the counter did not go on: then somebody has a copy of the key, or was quicker (WebAuthn §7.2 step 22). One statement. */
export async function usePasskey(ctx: Context, credentialId: string, counter: number, backedUp: boolean): Promise<boolean> {
  const result = await sql`update passkeys set counter = ${counter}, backed_up = ${backedUp}, used_at = clock_now()
    where credential_id = ${idBytes(credentialId)} and (counter < ${counter} or (counter = 0 and ${counter} = 0))`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Another name for one of a person's own. False when it is not. */
export async function renamePasskey(ctx: Context, userId: string, credentialId: string, name: string): Promise<boolean> {
  const result = await sql`update passkeys set name = ${name} where credential_id = ${idBytes(credentialId)} and user_id = ${userId}`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Removes one of a person's own. False when it is not. */
export async function deletePasskey(ctx: Context, userId: string, credentialId: string): Promise<boolean> {
  const result = await sql`delete from passkeys where credential_id = ${idBytes(credentialId)} and user_id = ${userId}`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

export async function deletePasskeys(db: Kysely<Database>, userId: string): Promise<void> {
  await sql`delete from passkeys where user_id = ${userId}`.execute(db)
}
