import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import type { Actor, Role } from './can.ts'
import { isOperator } from './operators.ts'

// Owns organization_members: who works for an organization, and as what. What a role allows belongs to can.ts; that somebody belongs to an
// institution as its student or employee is another thing (users.organization_id), and gives no role.

/** Who a person is to everything here, as of now: a role that was taken is gone at the next request. */
export async function findActor(ctx: Context, userId: string): Promise<Actor> {
  const [operator, { rows }] = await Promise.all([
    isOperator(ctx.db, userId),
    sql<{ organization_id: string; role: Role }>`select organization_id, role from organization_members where user_id = ${userId}`.execute(ctx.db),
  ])
  return { userId, operator, roles: new Map(rows.map((row) => [row.organization_id, row.role])) }
}

export interface Member {
  readonly userId: string
  readonly role: Role
  readonly since: Date
  /** Another one as soon as the role was another. */
  readonly version: string
}

interface Row {
  readonly user_id: string
  readonly role: Role
  readonly created_at: Date
  readonly version: string
}

const MEMBER = sql`user_id, role, created_at, role || '-' || (extract(epoch from updated_at) * 1000000)::bigint as version`

function toMember({ user_id, role, created_at, version }: Row): Member {
  return { userId: user_id, role, since: created_at, version }
}

/** Who works for an organization; in the order of their ids, from the one after `after` on. */
export async function listMembers(db: Kysely<Database>, organizationId: string, page: { readonly after?: string | undefined; readonly limit: number } = { limit: 10_000 }): Promise<readonly Member[]> {
  const { rows } = await sql<Row>`select ${MEMBER} from organization_members
    where organization_id = ${organizationId} and (${page.after ?? null}::uuid is null or user_id > ${page.after ?? null}::uuid) order by user_id limit ${page.limit}`.execute(db)
  return rows.map(toMember)
}

export async function findMember(db: Kysely<Database>, organizationId: string, userId: string): Promise<Member | undefined> {
  const { rows } = await sql<Row>`select ${MEMBER} from organization_members where organization_id = ${organizationId} and user_id = ${userId}`.execute(db)
  return rows[0] && toMember(rows[0])
}

/** The same, and until the transaction ends nobody else changes it or who its administrators are: held in one order, so that two never wait for each other. */
export async function holdMember(trx: Kysely<Database>, organizationId: string, userId: string): Promise<Member | undefined> {
  const { rows } = await sql<Row>`select ${MEMBER} from organization_members where organization_id = ${organizationId} and (user_id = ${userId} or role = 'admin') order by user_id for update`.execute(trx)
  const row = rows.find(({ user_id: id }) => id === userId)
  return row && toMember(row)
}

/** Gives somebody a role in an organization, or another one. Returns whether that changed anything. */
export async function setMember(db: Kysely<Database>, organizationId: string, userId: string, role: Role): Promise<boolean> {
  const result = await sql`insert into organization_members (organization_id, user_id, role) values (${organizationId}, ${userId}, ${role})
    on conflict (organization_id, user_id) do update set role = excluded.role, updated_at = clock_now() where organization_members.role <> excluded.role`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Takes somebody's role in an organization. Returns whether there was one. */
export async function removeMember(db: Kysely<Database>, organizationId: string, userId: string): Promise<boolean> {
  const result = await sql`delete from organization_members where organization_id = ${organizationId} and user_id = ${userId}`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/**
 * Of two people who become one, the one that stays has the roles of both; of two in one organization the stronger. Both were proven to be
 * the same person, fresh and at once (signin/merge.ts).
 */
export async function moveMemberships(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`insert into organization_members (organization_id, user_id, role) select organization_id, ${to}::uuid, role from organization_members where user_id = ${from}
    on conflict (organization_id, user_id) do update set updated_at = clock_now(),
      role = case when 'admin' in (organization_members.role, excluded.role) then 'admin' when 'developer' in (organization_members.role, excluded.role) then 'developer' else 'member' end`.execute(trx)
  await sql`delete from organization_members where user_id = ${from}`.execute(trx)
}

/** Gives somebody who has no role here one. False when they have one already: it is not changed. */
export async function addMember(db: Kysely<Database>, organizationId: string, userId: string, role: Role): Promise<boolean> {
  return ((await sql`insert into organization_members (organization_id, user_id, role) values (${organizationId}, ${userId}, ${role}) on conflict do nothing`.execute(db)).numAffectedRows ?? 0n) > 0n
}

// Whoever takes a role of an administrator waits for whoever else does: else two could take each other's, and leave nobody.
async function holdAdmins(trx: Kysely<Database>, organizationId: string): Promise<void> {
  await sql`select user_id from organization_members where organization_id = ${organizationId} and role = 'admin' order by user_id for update`.execute(trx)
}

const anotherAdmin = (organizationId: string, userId: string) => sql`exists (select from organization_members o where o.organization_id = ${organizationId} and o.role = 'admin' and o.user_id <> ${userId})`

/** Changes somebody's role, but never the last administrator's to less. In a transaction. Returns whether it is so now. */
export async function setMemberKeepingAdmin(trx: Kysely<Database>, organizationId: string, userId: string, role: Role): Promise<boolean> {
  await holdAdmins(trx, organizationId)
  const result = await sql`update organization_members set role = ${role}, updated_at = clock_now() where organization_id = ${organizationId} and user_id = ${userId}
    and (role <> 'admin' or ${role} = 'admin' or ${anotherAdmin(organizationId, userId)})`.execute(trx)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Takes somebody's role, but never the last administrator's. In a transaction. Returns whether it did. */
export async function removeMemberKeepingAdmin(trx: Kysely<Database>, organizationId: string, userId: string): Promise<boolean> {
  await holdAdmins(trx, organizationId)
  const result = await sql`delete from organization_members where organization_id = ${organizationId} and user_id = ${userId} and (role <> 'admin' or ${anotherAdmin(organizationId, userId)})`.execute(trx)
  return (result.numAffectedRows ?? 0n) > 0n
}
