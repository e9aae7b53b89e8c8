import { randomUUID } from 'node:crypto'
import { type Kysely, type RawBuilder, type Selectable, sql, type Transaction } from 'kysely'
import type { Database } from '../database/schema.ts'
import { isRowId } from '../lib/random.ts'
import { normalizeUsername, type User, type UserClaims } from './user.ts'

// Owns users. Never cached: whether a person is locked is asked at each use.

type Row = Selectable<Database['users']>

function toUser(row: Row): User {
  return {
    userId: row.user_id,
    status: row.status === 'locked' ? 'locked' : 'active',
    organizationId: row.organization_id ?? undefined,
    username: row.username ?? undefined,
    claims: row.claims,
    groups: row.groups,
  }
}

// The one place where an id that was merged into another leads there.
function survivors(db: Kysely<Database>) {
  return db.selectFrom('users as asked').innerJoin('users as u', (join) => join.on('u.user_id', '=', sql<string>`coalesce(asked.merged_into, asked.user_id)`)).selectAll('u')
}

/** A person, also by an id that was merged into theirs: then with the id that stays. */
export async function findUser(db: Kysely<Database>, userId: string): Promise<User | undefined> {
  const row = await survivors(db).where('asked.user_id', '=', userId).executeTakeFirst()
  return row === undefined ? undefined : toUser(row)
}

export async function findUsers(db: Kysely<Database>, userIds: readonly string[]): Promise<readonly User[]> {
  const rows = await survivors(db).where('asked.user_id', '=', sql<string>`any(${[...userIds]}::uuid[])`).execute()
  return rows.map(toUser)
}

/** A local account by user name or e-mail address within an organization. An address that two accounts share finds neither. */
export async function findLocalUser(db: Kysely<Database>, organizationId: string | undefined, login: string): Promise<User | undefined> {
  const name = normalizeUsername(login)
  const rows = await db
    .selectFrom('users')
    .selectAll()
    .where(sql`coalesce(organization_id, '')`, '=', organizationId ?? '')
    // Somebody who signs in at a provider has no password here, and must not stand in the way of one who does.
    .where('username', 'is not', null)
    .where('merged_into', 'is', null)
    .where((eb) => eb.or([eb('username', '=', name), eb(sql`lower(claims->>'email')`, '=', name)]))
    .limit(3)
    .execute()
  const byName = rows.find((row) => row.username === name)
  const only = rows.length === 1 ? rows[0] : undefined
  const row = byName ?? only
  return row === undefined ? undefined : toUser(row)
}

/** Whether a file made an account. */
export async function isDeclaredUser(db: Kysely<Database>, userId: string): Promise<boolean> {
  const row = await db.selectFrom('users').select('declared').where('user_id', '=', userId).executeTakeFirst()
  return row?.declared === true
}

/** The one active person that a client's hint names: by identifier, by verified e-mail address, or by a user name that only one has. */
export async function findUserByHint(db: Kysely<Database>, hint: string): Promise<User | undefined> {
  const name = normalizeUsername(hint)
  const rows = await db
    .selectFrom('users')
    .selectAll()
    .where('status', '=', 'active')
    .where((eb) => eb.or([eb(sql`user_id::text`, '=', hint.toLowerCase()), eb('username', '=', name), eb.and([eb(sql`lower(claims->>'email')`, '=', name), eb(sql`claims->>'email_verified'`, '=', 'true')])]))
    .limit(2)
    .execute()
  const [only, another] = rows
  return only === undefined || another !== undefined ? undefined : toUser(only)
}

export interface LocalAccount {
  readonly username: string
  readonly organizationId: string | undefined
  readonly claims: UserClaims
  readonly groups: readonly string[]
  readonly declared: boolean
}

/** Creates a local account or changes what it says. Returns its user id. */
export async function saveLocalUser(trx: Transaction<Database>, account: LocalAccount): Promise<string> {
  const values = { claims: JSON.stringify(account.claims), groups: [...account.groups], declared: account.declared }
  const row = await trx
    .insertInto('users')
    .values({ user_id: randomUUID(), username: normalizeUsername(account.username), organization_id: account.organizationId ?? null, ...values })
    .onConflict((conflict) => conflict.expression(sql`coalesce(organization_id, ''), username`).doUpdateSet({ ...values, updated_at: sql`clock_now()` }))
    .returning('user_id')
    .executeTakeFirstOrThrow()
  return row.user_id
}

/** Makes a local account if nobody in the organization has its name or its address. One statement; of two at once one gets it. */
export async function addLocalUser(db: Kysely<Database>, account: { readonly userId: string; readonly username: string; readonly organizationId: string | undefined; readonly claims: UserClaims }): Promise<User | undefined> {
  const { userId, username, organizationId, claims } = account
  const organization = organizationId ?? null
  const { rows } = await sql<Row>`insert into users (user_id, username, organization_id, claims)
    select ${userId}::uuid, ${username}, ${organization}::text, ${JSON.stringify(claims)}::jsonb
    where not exists (select from users where coalesce(organization_id, '') = coalesce(${organization}::text, '') and username is not null and (username = ${username} or lower(claims->>'email') = ${username}))
    on conflict (coalesce(organization_id, ''), username) do nothing returning *`.execute(db)
  return rows[0] === undefined ? undefined : toUser(rows[0])
}

/** Locks or unlocks a person. A lock holds at the next use of any token or session. Whoever was merged into another stays locked. */
export async function setUserStatus(db: Kysely<Database>, userId: string, status: User['status']): Promise<boolean> {
  const result = await db.updateTable('users').set({ status, updated_at: sql`clock_now()` }).where('user_id', '=', userId).where('merged_into', 'is', null).executeTakeFirst()
  return result.numUpdatedRows > 0n
}

export interface UserPage {
  /** The id after which to go on. */
  readonly after?: string | undefined
  readonly limit: number
  readonly organization?: string | undefined
  /** Nobody but this person; `null`: nobody at all. */
  readonly only?: string | null | undefined
}

/** People in the order of their ids; whoever was merged into another is not there. */
export async function listUsers(db: Kysely<Database>, { after, limit, organization, only }: UserPage): Promise<readonly User[]> {
  let query = db.selectFrom('users').selectAll().where('merged_into', 'is', null).orderBy('user_id').limit(limit)
  if (after !== undefined) query = query.where('user_id', '>', after)
  if (organization !== undefined) query = query.where('organization_id', '=', organization)
  if (only !== undefined) query = query.where(only === null ? sql<boolean>`false` : sql<boolean>`user_id = ${only}::uuid`)
  return (await query.execute()).map(toUser)
}

export async function listLocalUsers(db: Kysely<Database>): Promise<readonly (User & { readonly declared: boolean })[]> {
  const rows = await db.selectFrom('users').selectAll().where('username', 'is not', null).orderBy('organization_id').orderBy('username').execute()
  return rows.map((row) => ({ ...toUser(row), declared: row.declared }))
}

export interface UserFilter {
  /** An id, or the beginning of a user name, an address or a name. */
  readonly query?: string | undefined
  readonly organizationId?: string | undefined
  readonly status?: User['status'] | undefined
}

/** The people who fit, in the order of their ids, from the one after `after` on. Whoever was merged into another is not among them. */
export async function searchUsers(db: Kysely<Database>, { query, organizationId, status }: UserFilter, { after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly User[]> {
  const typed = query === undefined ? undefined : normalizeUsername(query)
  const begins = `${typed?.replaceAll(/[\\%_]/g, (special) => `\\${special}`) ?? ''}%`
  const conditions = [
    sql`merged_into is null`,
    ...(after === undefined ? [] : [sql`user_id > ${after}::uuid`]),
    ...(typed === undefined ? [] : [isRowId(typed) ? sql`user_id = ${typed}::uuid` : sql`(username like ${begins} or lower(claims->>'email') like ${begins} or lower(claims->>'name') like ${begins})`]),
    ...(organizationId === undefined ? [] : [sql`organization_id = ${organizationId}`]),
    ...(status === undefined ? [] : [sql`status = ${status}`]),
  ]
  const { rows } = await sql<Row>`select * from users where ${sql.join(conditions, sql` and `)} order by user_id limit ${limit}`.execute(db)
  return rows.map(toUser)
}

/** The part of a statement that makes a user without a name here, if a condition holds: whoever signs in at a provider. Returns `user_id`. */
export function insertUserIf(user: Pick<User, 'userId' | 'organizationId' | 'claims' | 'groups'>, condition: RawBuilder<boolean>): RawBuilder<unknown> {
  return sql`insert into users (user_id, organization_id, claims, groups)
    select ${user.userId}::uuid, ${user.organizationId ?? null}, ${JSON.stringify(user.claims)}::jsonb, ${[...user.groups]}::text[] where ${condition} returning user_id`
}

/**
 * Notes what a provider says of a person now. Without groups, those we know stay. Of somebody who has an account here it changes nothing:
 * the address that leads to a new password must not be another's to write. Returns the person.
 */
export async function updateClaims(db: Kysely<Database>, userId: string, claims: UserClaims, groups: readonly string[] | undefined): Promise<User | undefined> {
  const values = { claims: JSON.stringify(claims), ...(groups === undefined ? {} : { groups: [...groups] }), updated_at: sql`clock_now()` }
  const row = await db.updateTable('users').set(values).where('user_id', '=', userId).where('username', 'is', null).returningAll().executeTakeFirst()
  return row === undefined ? findUser(db, userId) : toUser(row)
}

/** Gives a local account an address that its owner has proven. */
export async function setAddress(db: Kysely<Database>, userId: string, address: string): Promise<boolean> {
  const result = await sql`update users set claims = claims || jsonb_build_object('email', ${address}::text, 'email_verified', true), updated_at = clock_now() where user_id = ${userId} and username is not null`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}

export async function deleteUser(trx: Kysely<Database>, userId: string): Promise<void> {
  await trx.deleteFrom('users').where('user_id', '=', userId).execute()
}

export interface UserAge {
  readonly userId: string
  readonly createdAt: Date
}

const AGES = sql`user_id as "userId", created_at as "createdAt"`

/** Since when people are there; whoever was merged into another is not. */
export async function readAges(db: Kysely<Database>, userIds: readonly string[]): Promise<readonly UserAge[]> {
  return (await sql<UserAge>`select ${AGES} from users where user_id = any(${[...userIds]}::uuid[]) and merged_into is null`.execute(db)).rows
}

/** Holds people still until the transaction ends, always in one order: what is decided about them is decided by one at a time. */
export async function holdUsers(trx: Kysely<Database>, userIds: readonly string[]): Promise<readonly UserAge[]> {
  const { rows } = await sql<UserAge>`select ${AGES} from users
    where user_id = any(${[...userIds]}::uuid[]) and merged_into is null order by user_id for update`.execute(trx)
  return rows
}

/** Makes one person's id lead to another's, and every id that led to it. It is nobody's account any more: its tokens are dead at their next use. */
export async function redirectUser(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`update users set merged_into = ${to}, status = 'locked', updated_at = clock_now() where user_id = ${from} or merged_into = ${from}`.execute(trx)
}

/** The part of a hot statement that asks whether the person of a row may act: a locked one may not. */
export function userIsLive(column: string): string {
  return `exists (select from users where users.user_id = ${column} and users.status = 'active')`
}

/** The part of a hot statement that joins the live person of a row: columns of `u`. */
export function joinLiveUser(column: string, kind: 'join' | 'left join' = 'join'): string {
  return `${kind} users u on u.user_id = ${column} and u.status = 'active'`
}
