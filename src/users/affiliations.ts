import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import type { LocalizedText } from '../protocol/localized-text.ts'

// Owns affiliations: what a person is at which institution (a realm), by the word of the provider that they signed in at last. What a
// provider no longer says has ended, and is kept for a while as something that was. Only realms that are the provider's own come here
// (signin/affiliations-of.ts): nobody is a student elsewhere because a stranger says so.

/** What a provider says of a person at one of its realms. */
export interface Affiliation {
  readonly realm: string
  /** What the institution is called. */
  readonly name: LocalizedText
  /** `student`, `employee` … (eduPersonAffiliation). */
  readonly words: readonly string[]
  readonly primary: string | undefined
  /** `user@realm` (eduPersonPrincipalName). */
  readonly principalName: string | undefined
}

export interface KnownAffiliation extends Affiliation {
  readonly since: Date
  /** When it was no longer said. */
  readonly endedAt: Date | undefined
  /** By whose word; nothing where it is nobody's. */
  readonly providerId: string | undefined
}

interface Row {
  readonly provider_id: string
  readonly realm: string
  readonly name: LocalizedText
  readonly words: readonly string[]
  readonly primary_word: string | null
  readonly principal_name: string | null
  readonly since: Date
  readonly ended_at: Date | null
}

/** Notes what a provider says of a person now, in one statement; nothing is written, and no row is held, when nothing is new. */
export async function keepAffiliations(db: Kysely<Database>, userId: string, providerId: string, said: readonly Affiliation[]): Promise<void> {
  const rows = JSON.stringify(said.map(({ realm, name, words, primary, principalName }) => ({ realm, name, words, primary_word: primary ?? null, principal_name: principalName ?? null })))
  await sql`with said as (select * from jsonb_to_recordset(${rows}::jsonb) as r (realm text, name jsonb, words text[], primary_word text, principal_name text)),
    ended as (update affiliations a set ended_at = clock_now() where user_id = ${userId} and provider_id = ${providerId} and ended_at is null and realm not in (select realm from said))
    insert into affiliations as a (user_id, provider_id, realm, name, words, primary_word, principal_name) select ${userId}::uuid, ${providerId}, realm, name, words, primary_word, principal_name from said
      where not exists (select from affiliations k where k.user_id = ${userId} and k.realm = said.realm and k.ended_at is null
        and (k.name, k.words, k.primary_word, k.principal_name) is not distinct from (said.name, said.words, said.primary_word, said.principal_name))
    on conflict (user_id, realm) do update set provider_id = excluded.provider_id, name = excluded.name, words = excluded.words, primary_word = excluded.primary_word, principal_name = excluded.principal_name,
      since = case when a.ended_at is null then a.since else clock_now() end, ended_at = null`.execute(db)
}

/** What a person is now, and with `all` what they were, by realm. */
export async function listAffiliations(db: Kysely<Database>, userId: string, all = false): Promise<readonly KnownAffiliation[]> {
  const { rows } = await sql<Row>`select provider_id, realm, name, words, primary_word, principal_name, since, ended_at from affiliations where user_id = ${userId} and (${all} or ended_at is null) order by realm`.execute(db)
  return rows.map((row) => ({ realm: row.realm, name: row.name, words: row.words, primary: row.primary_word ?? undefined, principalName: row.principal_name ?? undefined, since: row.since, endedAt: row.ended_at ?? undefined, providerId: row.provider_id }))
}

/** What institutions call people, of many at once. */
export async function listPrincipalNames(db: Kysely<Database>, userIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await sql<{ user_id: string; names: readonly string[] }>`select user_id, array_agg(principal_name order by realm) as names from affiliations
    where user_id = any(${[...userIds]}::uuid[]) and ended_at is null and principal_name is not null group by user_id`.execute(db)
  return new Map(rows.map((row) => [row.user_id, row.names]))
}

/** A provider that a person can no longer sign in at says nothing of them any more. */
export async function endAffiliations(db: Kysely<Database>, userId: string, providerId: string): Promise<void> {
  await keepAffiliations(db, userId, providerId, [])
}

/** What one person is is another's from now on; what both are, the other one's word stays. */
export async function moveAffiliations(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`with gone as (delete from affiliations where user_id = ${from} returning *)
    insert into affiliations (user_id, realm, provider_id, name, words, primary_word, principal_name, since, ended_at)
    select ${to}::uuid, realm, provider_id, name, words, primary_word, principal_name, since, ended_at from gone on conflict do nothing`.execute(trx)
}

const KEPT_DAYS = 400

/** Deletes at most `limit` of those that ended long ago. Returns how many. */
export async function deleteOldAffiliations(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from affiliations where (user_id, realm) in (
    select user_id, realm from affiliations where ended_at < clock_now() - make_interval(days => ${KEPT_DAYS}) limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}
