import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { drawToken, readToken } from '../lib/opaque-token.ts'
import { isRowId } from '../lib/random.ts'
import { type AdHocRole, findGroupOf, letIn, mayLetIn } from './ad-hoc.ts'

// Owns ad_hoc_invitations: links that let one person into a group. A link is for one person and seven days, only its hash is kept, and it is
// worth nothing once whoever made it may not let anybody in any more. Who opens it is asked first.

/** Seconds. */
export const INVITATION_SECONDS = 7 * 86_400
const MOST_OPEN = 100

export interface Invitation {
  readonly groupId: string
  readonly role: AdHocRole
  readonly invitedBy: string
  readonly expiresAt: Date
}

interface Row {
  readonly group_id: string
  readonly role: AdHocRole
  readonly invited_by: string
  readonly expires_at: Date
}

const LIVE = sql`(i.used_at is null and i.expires_at > clock_now() and ${mayLetIn(sql`i.group_id`, sql`i.invited_by`, sql`i.role`)})`

/** A new link's secret; nothing when the person may not let anybody in with that role, or the group has very many links out. */
export async function createInvitation(ctx: Context, groupId: string, byUserId: string, role: 'member' | 'admin'): Promise<string | undefined> {
  if (!isRowId(groupId)) return undefined
  const token = drawToken('gi', ctx.clock.now())
  const { rows } = await sql`insert into ad_hoc_invitations (invitation_id, secret_hash, group_id, role, invited_by, expires_at)
    select ${token.id}::uuid, ${token.hash}::bytea, ${groupId}::uuid, ${role}::text, ${byUserId}::uuid, clock_now() + make_interval(secs => ${INVITATION_SECONDS})
    where ${mayLetIn(sql`${groupId}::uuid`, sql`${byUserId}::uuid`, sql`${role}::text`)} and (select count(*) from ad_hoc_invitations i where i.group_id = ${groupId} and ${LIVE}) < ${MOST_OPEN} returning invitation_id`.execute(ctx.db)
  return rows.length === 0 ? undefined : token.text
}

/** What a link lets into, without using it; nothing when it is used, over or none of ours. */
export async function findInvitation(db: Kysely<Database>, text: string): Promise<Invitation | undefined> {
  const token = readToken('gi', text)
  if (token === undefined) return undefined
  const { rows } = await sql<Row>`select i.group_id, i.role, i.invited_by, i.expires_at from ad_hoc_invitations i where i.invitation_id = ${token.id} and i.secret_hash = ${token.hash} and ${LIVE}`.execute(db)
  const row = rows[0]
  return row && { groupId: row.group_id, role: row.role, invitedBy: row.invited_by, expiresAt: row.expires_at }
}

/** The group that a link led a person into, who is still in it: also of one that is used. */
export async function findEntered(db: Kysely<Database>, text: string, userId: string): Promise<string | undefined> {
  const token = readToken('gi', text)
  if (token === undefined) return undefined
  const { rows } = await sql<{ group_id: string }>`select group_id from ad_hoc_invitations where invitation_id = ${token.id} and secret_hash = ${token.hash}`.execute(db)
  const groupId = rows[0]?.group_id
  return groupId !== undefined && (await findGroupOf(db, groupId, userId)) !== undefined ? groupId : undefined
}

/** Uses a link, once, in one statement: of a hundred at the same time one gets in. Gives the group. */
export async function acceptInvitation(db: Kysely<Database>, text: string, userId: string): Promise<string | undefined> {
  const token = readToken('gi', text)
  if (token === undefined) return undefined
  const { rows } = await sql<{ group_id: string }>`with spent as (update ad_hoc_invitations i set used_at = clock_now()
      where i.invitation_id = ${token.id} and i.secret_hash = ${token.hash} and ${LIVE} returning i.group_id, i.role),
    entered as (${letIn(userId, sql`spent`)})
    select group_id from spent`.execute(db)
  return rows[0]?.group_id
}

export interface OpenInvitation {
  readonly invitationId: string
  readonly role: AdHocRole
  readonly createdAt: Date
  readonly expiresAt: Date
}

/** The links of a group that still let somebody in, newest first. */
export async function listInvitations(db: Kysely<Database>, groupId: string): Promise<readonly OpenInvitation[]> {
  const { rows } = await sql<{ invitation_id: string; role: AdHocRole; created_at: Date; expires_at: Date }>`select i.invitation_id, i.role, i.created_at, i.expires_at from ad_hoc_invitations i where i.group_id = ${groupId} and ${LIVE} order by i.invitation_id desc`.execute(db)
  return rows.map((row) => ({ invitationId: row.invitation_id, role: row.role, createdAt: row.created_at, expiresAt: row.expires_at }))
}

/** Makes a link worthless. For whoever could have made it. */
export async function revokeInvitation(db: Kysely<Database>, groupId: string, invitationId: string, byUserId: string): Promise<boolean> {
  if (!isRowId(groupId) || !isRowId(invitationId)) return false
  const result = await sql`update ad_hoc_invitations i set used_at = clock_now() where i.invitation_id = ${invitationId} and i.group_id = ${groupId} and i.used_at is null and ${mayLetIn(sql`i.group_id`, sql`${byUserId}::uuid`, sql`i.role`)}`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** The links that one person made are another's from now on. */
export async function moveInvitations(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`update ad_hoc_invitations set invited_by = ${to} where invited_by = ${from}`.execute(trx)
}

/** Deletes at most `limit` links that are over. Returns how many. */
export async function deleteExpiredInvitations(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from ad_hoc_invitations where invitation_id in (select invitation_id from ad_hoc_invitations where expires_at < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
