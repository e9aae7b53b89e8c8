import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { inTransaction } from '../database/transaction.ts'
import { sha256 } from '../lib/digest.ts'
import { claimSecondaryIds, type SecondaryId, settleSecondaryIds } from './secondary-ids.ts'
import { deleteUser, findUser, insertUserIf, updateClaims } from './store.ts'
import type { User, UserClaims } from './user.ts'

// Owns identities: (provider, issuer, subject) → user. Those three are all that ever leads to a person. An e-mail address does not: providers let
// people write in what they like, and an address is given to somebody else one day (security.md rule 25).

export interface ProvenIdentity {
  readonly providerId: string
  /** Who vouches at the provider's other end. */
  readonly issuer: string
  readonly subject: string
  /** What the person typed to sign in, where that is typed here; normalized. */
  readonly loginName?: string | undefined
  /** Of the provider: where a new person belongs. */
  readonly organizationId: string | undefined
  readonly claims: UserClaims
  readonly groups: readonly string[] | undefined
}

/**
 * The person of an identity. A first sign-in belongs to whoever has one of the secondary ids already, if anybody has: the same national
 * id from two trusted providers is one person. An identity that is somebody's stays theirs: two people become one only by their own will
 * (signin/merge.ts).
 */
export async function findOrCreatePerson(ctx: Context, identity: ProvenIdentity, secondaryIds: readonly SecondaryId[]): Promise<User> {
  if (secondaryIds.length === 0) return findOrCreateUser(ctx.db, identity)
  return inTransaction(ctx.db, async (trx) => {
    const owner = await claimSecondaryIds(ctx, trx, secondaryIds, identity.providerId)
    const user = await findOrCreateUser(trx, identity, owner)
    await settleSecondaryIds(ctx, trx, secondaryIds, user.userId)
    return user
  })
}

/** The user of an identity, made at its first sign-in unless it is the `owner`'s; what the provider says of the person is kept as of now. */
export async function findOrCreateUser(db: Kysely<Database>, identity: ProvenIdentity, owner?: string): Promise<User> {
  const { providerId, issuer, subject, organizationId, claims, groups } = identity
  const loginName = identity.loginName ?? null
  const candidate = { userId: owner ?? randomUUID(), organizationId, claims, groups: groups ?? [] }
  const isNew = owner !== undefined ? sql<boolean>`false` : sql<boolean>`not exists (select from identities where provider_id = ${providerId} and issuer = ${issuer} and subject = ${subject})`
  // One statement decides whose the identity is: of two first sign-ins at once, both get the same user.
  const { rows } = await sql<{ user_id: string; made: boolean }>`
    with made as (${insertUserIf(candidate, isNew)}),
    settled as (insert into identities (provider_id, issuer, subject, user_id, login_name) values (${providerId}, ${issuer}, ${subject}, ${candidate.userId}, ${loginName})
      on conflict (provider_id, issuer, subject) do update set seen_at = clock_now(), login_name = excluded.login_name returning user_id)
    select settled.user_id, exists (select from made) as made from settled`.execute(db)
  const row = rows[0]
  if (row === undefined) throw new Error('the identity was not written')
  if (row.made && row.user_id !== candidate.userId) await deleteUser(db, candidate.userId)
  const user = await updateClaims(db, row.user_id, claims, groups)
  if (user === undefined) throw new Error('the person of an identity is gone')
  return user
}

/** Whose an identity is, if anybody has signed in with it. */
export async function findByIdentity(db: Kysely<Database>, { providerId, issuer, subject }: Pick<ProvenIdentity, 'providerId' | 'issuer' | 'subject'>): Promise<User | undefined> {
  const { rows } = await sql<{ user_id: string }>`select user_id from identities where provider_id = ${providerId} and issuer = ${issuer} and subject = ${subject}`.execute(db)
  return rows[0] === undefined ? undefined : findUser(db, rows[0].user_id)
}

/** Who last signed in at a provider with a name that is typed here (normalized): a guess of who is trying now, to count attempts by. */
export async function findByLoginName(db: Kysely<Database>, providerId: string, loginName: string): Promise<User | undefined> {
  const { rows } = await sql<{ user_id: string }>`select user_id from identities where provider_id = ${providerId} and login_name = ${loginName} order by seen_at desc limit 1`.execute(db)
  return rows[0] === undefined ? undefined : findUser(db, rows[0].user_id)
}

/** A way to sign in at a provider. */
export interface LinkedIdentity {
  /** Names it on pages: not the subject, which is the provider's. */
  readonly id: string
  readonly providerId: string
  readonly issuer: string
  readonly subject: string
  readonly since: Date
  readonly usedAt: Date
}

interface LinkedRow {
  readonly provider_id: string
  readonly issuer: string
  readonly subject: string
  readonly created_at: Date
  readonly seen_at: Date
}

/** The providers that a person signs in at, oldest first. */
export async function listIdentities(db: Kysely<Database>, userId: string): Promise<readonly LinkedIdentity[]> {
  const { rows } = await sql<LinkedRow>`select provider_id, issuer, subject, created_at, seen_at from identities where user_id = ${userId} order by created_at, provider_id, subject`.execute(db)
  return rows.map((row) => ({ id: sha256(JSON.stringify([row.provider_id, row.issuer, row.subject])).toString('base64url'), providerId: row.provider_id, issuer: row.issuer, subject: row.subject, since: row.created_at, usedAt: row.seen_at }))
}

/** What was one person's is another's from now on. */
export async function moveIdentities(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`update identities set user_id = ${to} where user_id = ${from}`.execute(trx)
}

export async function deleteIdentity(trx: Kysely<Database>, userId: string, { providerId, issuer, subject }: LinkedIdentity): Promise<void> {
  await sql`delete from identities where user_id = ${userId} and provider_id = ${providerId} and issuer = ${issuer} and subject = ${subject}`.execute(trx)
}
