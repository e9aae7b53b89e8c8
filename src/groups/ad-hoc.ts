import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { inTransaction } from '../database/transaction.ts'
import { isRowId, newRowId } from '../lib/random.ts'
import { joinLiveUser, userIsLive } from '../users/store.ts'
import type { UserClaims } from '../users/user.ts'

// Owns ad_hoc_groups and ad_hoc_members: groups that people make themselves, and who is in them. Whoever makes one is its owner; there is
// always one. Owners do everything, admins let members in and out, members see each other. Nobody is put into a group: one comes by a link
// and one's own yes (invitations.ts).

export type AdHocRole = 'member' | 'admin' | 'owner'
export const adHocRoles: readonly AdHocRole[] = ['member', 'admin', 'owner']

export interface AdHocGroup {
  readonly groupId: string
  readonly name: string
  readonly description: string | undefined
  /** What the person who asks is in it. */
  readonly role: AdHocRole
  readonly since: Date
}

interface Row {
  readonly group_id: string
  readonly name: string
  readonly description: string | null
  readonly role: AdHocRole
  readonly since: Date
}

function toGroup(row: Row): AdHocGroup {
  return { groupId: row.group_id, name: row.name, description: row.description ?? undefined, role: row.role, since: row.since }
}

const MOST_OWN = 200

/** Makes a group with its owner, in one statement. Gives its id; nothing when the person has very many already. */
export async function createGroup(ctx: Context, userId: string, { name, description }: { readonly name: string; readonly description: string | undefined }): Promise<string | undefined> {
  const { rows } = await sql<{ group_id: string }>`with made as (
      insert into ad_hoc_groups (group_id, name, description) select ${newRowId(ctx.clock.now())}::uuid, ${name}, ${description ?? null}::text
      where (select count(*) from ad_hoc_members where user_id = ${userId} and role = 'owner') < ${MOST_OWN} returning group_id)
    insert into ad_hoc_members (group_id, user_id, role) select group_id, ${userId}::uuid, 'owner' from made returning group_id`.execute(ctx.db)
  return rows[0]?.group_id
}

const SELECT = sql`select g.group_id, g.name, g.description, m.role, m.since from ad_hoc_members m join ad_hoc_groups g using (group_id)`

/** The groups that a person is in, by name. */
export async function listGroupsOf(db: Kysely<Database>, userId: string): Promise<readonly AdHocGroup[]> {
  const { rows } = await sql<Row>`${SELECT} where m.user_id = ${userId} order by lower(g.name), g.group_id`.execute(db)
  return rows.map(toGroup)
}

/** A group that a person is in; to anybody else it is not there. */
export async function findGroupOf(db: Kysely<Database>, groupId: string, userId: string): Promise<AdHocGroup | undefined> {
  if (!isRowId(groupId)) return undefined
  const { rows } = await sql<Row>`${SELECT} where m.group_id = ${groupId} and m.user_id = ${userId}`.execute(db)
  return rows[0] && toGroup(rows[0])
}

export interface AdHocMember {
  readonly userId: string
  readonly claims: UserClaims
  readonly username: string | undefined
  readonly role: AdHocRole
  readonly since: Date
}

interface MemberRow {
  readonly user_id: string
  readonly claims: UserClaims
  readonly username: string | null
  readonly role: AdHocRole
  readonly since: Date
}

function toMember({ user_id, claims, username, role, since }: MemberRow): AdHocMember {
  return { userId: user_id, claims, username: username ?? undefined, role, since }
}

const MEMBER = sql`select m.user_id, u.claims, u.username, m.role, m.since from ad_hoc_members m ${sql.raw(joinLiveUser('m.user_id'))}`
const MOST_MEMBERS = 5000

/** Where a member stands in the list. */
function placeOf(member: string): RawBuilder<unknown> {
  return sql.raw(`array_position(array['owner', 'admin', 'member'], ${member}.role), ${member}.since, ${member}.user_id`)
}

/** Who is in a group: owners first, then those who have been there longest, from the one after `after` on. Whoever is locked is not shown. */
export async function listMembers(db: Kysely<Database>, groupId: string, { after, limit }: { readonly after?: string | undefined; readonly limit: number } = { limit: MOST_MEMBERS }): Promise<readonly AdHocMember[]> {
  // After whoever has gone meanwhile the list begins anew.
  const from = after === undefined || !isRowId(after) ? sql`` : sql`and ((${placeOf('m')}) > (select ${placeOf('a')} from ad_hoc_members a where a.group_id = ${groupId} and a.user_id = ${after})) is not false`
  const { rows } = await sql<MemberRow>`${MEMBER} where m.group_id = ${groupId} ${from} order by ${placeOf('m')} limit ${limit}`.execute(db)
  return rows.map(toMember)
}

/** Somebody in a group; whoever is locked is not shown. */
export async function findMember(db: Kysely<Database>, groupId: string, userId: string): Promise<AdHocMember | undefined> {
  if (!isRowId(userId)) return undefined
  const { rows } = await sql<MemberRow>`${MEMBER} where m.group_id = ${groupId} and m.user_id = ${userId}`.execute(db)
  return rows[0] && toMember(rows[0])
}

/** Whether a group has one owner and no more. */
export async function hasOneOwner(db: Kysely<Database>, groupId: string): Promise<boolean> {
  return (await sql`select from ad_hoc_members where group_id = ${groupId} and role = 'owner' limit 2`.execute(db)).rows.length < 2
}

/** The part of a statement that asks whether a person may let others in with a role: admins members, owners admins too, and nobody who is locked. */
export function mayLetIn(group: RawBuilder<unknown>, person: RawBuilder<unknown>, role: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`exists (select from ad_hoc_members host where host.group_id = ${group} and host.user_id = ${person} and (host.role = 'owner' or (host.role = 'admin' and ${role} = 'member')) and ${sql.raw(userIsLive('host.user_id'))})`
}

/** The part of a statement that lets a person in, out of rows with `group_id` and `role`; whoever is in stays what they are. */
export function letIn(userId: string, rows: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`insert into ad_hoc_members (group_id, user_id, role) select group_id, ${userId}::uuid, role from ${rows} on conflict do nothing`
}

/** Holds a group still until the transaction ends: who is its last owner is decided by one at a time. */
async function holdGroup(trx: Kysely<Database>, groupId: string): Promise<void> {
  await sql`select from ad_hoc_groups where group_id = ${groupId} for update`.execute(trx)
}

const NOT_LAST_OWNER = sql`(m.role <> 'owner' or exists (select from ad_hoc_members other where other.group_id = m.group_id and other.user_id <> m.user_id and other.role = 'owner'))`

/** The part of a statement that asks whether somebody may decide about a member: owners about everybody, admins about members. */
function mayDecide(byUserId: string): RawBuilder<boolean> {
  return sql`exists (select from ad_hoc_members host where host.group_id = m.group_id and host.user_id = ${byUserId} and (host.role = 'owner' or (host.role = 'admin' and m.role = 'member')))`
}

/** A person goes, by their own will. False for the last owner, and for whoever is not in the group. */
export async function leaveGroup(ctx: Context, groupId: string, userId: string): Promise<boolean> {
  if (!isRowId(groupId)) return false
  return inTransaction(ctx.db, async (trx) => {
    await holdGroup(trx, groupId)
    const result = await sql`delete from ad_hoc_members m where m.group_id = ${groupId} and m.user_id = ${userId} and ${NOT_LAST_OWNER}`.execute(trx)
    return (result.numAffectedRows ?? 0n) > 0n
  })
}

/** Somebody who may takes a member out. Never the last owner. */
export async function removeMember(ctx: Context, groupId: string, byUserId: string, userId: string): Promise<boolean> {
  if (!isRowId(groupId) || !isRowId(userId)) return false
  return inTransaction(ctx.db, async (trx) => {
    await holdGroup(trx, groupId)
    const result = await sql`delete from ad_hoc_members m where m.group_id = ${groupId} and m.user_id = ${userId} and ${mayDecide(byUserId)} and ${NOT_LAST_OWNER}`.execute(trx)
    return (result.numAffectedRows ?? 0n) > 0n
  })
}

/** An owner makes a member something else. Never the last owner. */
export async function setMemberRole(ctx: Context, groupId: string, byUserId: string, userId: string, role: AdHocRole): Promise<boolean> {
  if (!isRowId(groupId) || !isRowId(userId)) return false
  return inTransaction(ctx.db, async (trx) => {
    await holdGroup(trx, groupId)
    const result = await sql`update ad_hoc_members m set role = ${role} where m.group_id = ${groupId} and m.user_id = ${userId} and m.role <> ${role}
      and exists (select from ad_hoc_members host where host.group_id = m.group_id and host.user_id = ${byUserId} and host.role = 'owner') and ${NOT_LAST_OWNER}`.execute(trx)
    return (result.numAffectedRows ?? 0n) > 0n
  })
}

/** An owner ends a group, with everybody in it. */
export async function deleteGroup(ctx: Context, groupId: string, byUserId: string): Promise<boolean> {
  if (!isRowId(groupId)) return false
  const result = await sql`delete from ad_hoc_groups g where g.group_id = ${groupId} and exists (select from ad_hoc_members m where m.group_id = g.group_id and m.user_id = ${byUserId} and m.role = 'owner')`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** What one person is in is another's from now on; where both are in, as what is more. */
export async function moveGroupMemberships(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`with gone as (delete from ad_hoc_members where user_id = ${from} returning *)
    insert into ad_hoc_members as m (group_id, user_id, role, since) select group_id, ${to}::uuid, role, since from gone
    on conflict (group_id, user_id) do update set role = case when 'owner' in (m.role, excluded.role) then 'owner' when 'admin' in (m.role, excluded.role) then 'admin' else 'member' end, since = least(m.since, excluded.since)`.execute(trx)
}
