import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'

// Owns the tables of statistics: daily_counts, people_keys, week_people and weekly_people. What counts as what belongs to statistics.ts.

export type StatisticKind = 'login' | 'token' | 'failure'

export interface Counted {
  /** YYYY-MM-DD, UTC. */
  readonly day: string
  /** Empty for what is no client's. */
  readonly clientId: string
  /** Empty where no place to sign in took part. */
  readonly providerId: string
  readonly kind: StatisticKind
  /** Of a failure: the error; of a token: the grant type. */
  readonly reason: string
  readonly count: number
}

export async function addCounts(db: Kysely<Database>, counts: readonly Counted[]): Promise<void> {
  const column = <K extends keyof Counted>(name: K): Counted[K][] => counts.map((one) => one[name])
  // In one order everywhere, so that two processes do not wait for each other in turn.
  await sql`insert into daily_counts (day, client_id, provider_id, kind, reason, count)
    select * from unnest(${column('day')}::date[], ${column('clientId')}::text[], ${column('providerId')}::text[], ${column('kind')}::text[], ${column('reason')}::text[], ${column('count')}::bigint[]) as c
    order by 2, 3, 1, 4, 5
    on conflict (client_id, provider_id, day, kind, reason) do update set count = daily_counts.count + excluded.count`.execute(db)
}

/** The sealed key of a week: the one that is offered, or the one there is. */
export async function keepPeopleKey(db: Kysely<Database>, week: string, sealed: Buffer): Promise<Buffer> {
  const { rows } = await sql<{ sealed: Buffer }>`with made as (insert into people_keys (week, sealed) values (${week}::date, ${sealed}) on conflict (week) do nothing returning sealed)
    select sealed from made union all select sealed from people_keys where week = ${week}::date limit 1`.execute(db)
  return rows[0]?.sealed ?? keepPeopleKey(db, week, sealed)
}

export interface SeenPerson {
  readonly subject: string
  readonly person: Buffer
}

export async function addPeople(db: Kysely<Database>, week: string, people: readonly SeenPerson[]): Promise<void> {
  await sql`insert into week_people (week, subject, person)
    select ${week}::date, p.subject, p.person from unnest(${people.map(({ subject }) => subject)}::text[], ${people.map(({ person }) => person)}::bytea[]) as p (subject, person) order by 2, 3
    on conflict do nothing`.execute(db)
}

/** Turns the weeks before `week` into numbers and forgets their rows and keys, in one statement. Returns how many rows went. */
export async function closeWeeks(db: Kysely<Database>, week: string): Promise<number> {
  const { rows } = await sql<{ gone: string }>`
    with gone as (delete from week_people where week < ${week}::date returning week, subject),
    keys as (delete from people_keys where week < ${week}::date),
    kept as (insert into weekly_people (week, subject, people) select week, subject, count(*) from gone group by week, subject order by 2, 1
      on conflict (subject, week) do update set people = weekly_people.people + excluded.people)
    select count(*) as gone from gone`.execute(db)
  return Number(rows[0]?.gone ?? 0)
}

/** Forgets at most `limit` sums from before a day. Returns how many. */
export async function deleteCountsBefore(db: Kysely<Database>, day: string, limit: number): Promise<number> {
  const result = await sql`delete from daily_counts where ctid = any(array(select ctid from daily_counts where day < ${day}::date limit ${limit}))`.execute(db)
  await sql`delete from weekly_people where week < ${day}::date`.execute(db)
  return Number(result.numAffectedRows ?? 0n)
}

export interface CountQuery {
  readonly clientId?: string | undefined
  readonly providerId?: string | undefined
  /** YYYY-MM-DD, both included. */
  readonly from: string
  readonly to: string
}

/** Sums of a client, a place to sign in, or both together. */
export async function listCounts(db: Kysely<Database>, { clientId, providerId, from, to }: CountQuery): Promise<readonly Omit<Counted, 'clientId' | 'providerId'>[]> {
  const ofClient = clientId === undefined ? sql`client_id = ''` : sql`client_id = ${clientId}`
  const ofProvider = providerId === undefined ? sql`true` : sql`provider_id = ${providerId}`
  const { rows } = await sql<{ day: string; kind: StatisticKind; reason: string; count: string }>`select to_char(day, 'YYYY-MM-DD') as day, kind, reason, sum(count) as count from daily_counts
    where ${ofClient} and ${ofProvider} and day between ${from}::date and ${to}::date group by day, kind, reason order by day, kind, reason`.execute(db)
  return rows.map(({ count, ...row }) => ({ ...row, count: Number(count) }))
}

export interface WeekOfPeople {
  /** Its Monday, YYYY-MM-DD. */
  readonly week: string
  readonly people: number
}

/** How many people there were in each week that touches these days, the running one as far as it is. */
export async function listWeeks(db: Kysely<Database>, subject: string, { from, to }: Pick<CountQuery, 'from' | 'to'>): Promise<readonly WeekOfPeople[]> {
  const within = sql`week between ${from}::date - 6 and ${to}::date`
  const { rows } = await sql<{ week: string; people: string }>`select to_char(week, 'YYYY-MM-DD') as week, sum(people) as people from (
      select week, people from weekly_people where subject = ${subject} and ${within}
      union all select week, count(*) from week_people where subject = ${subject} and ${within} group by week) as w group by week order by week`.execute(db)
  return rows.map(({ week, people }) => ({ week, people: Number(people) }))
}
