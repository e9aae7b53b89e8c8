import { type Kysely, sql } from 'kysely'

// How much applications and places to sign in are used, without who used them. daily_counts: sums. week_people: one row a person, week and
// thing, under an HMAC whose key (people_keys) goes with the rows when the week is over; what stays is weekly_people, a number.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table daily_counts (
    day date not null,
    client_id text not null,
    provider_id text not null,
    kind text not null check (kind in ('login', 'token', 'failure')),
    reason text not null,
    count bigint not null,
    primary key (client_id, provider_id, day, kind, reason)
  )`.execute(db)
  await sql`create index daily_counts_provider on daily_counts (provider_id, day) where provider_id <> ''`.execute(db)
  await sql`create index daily_counts_day on daily_counts (day)`.execute(db)
  await sql`create table people_keys (week date primary key, sealed bytea not null)`.execute(db)
  await sql`create table week_people (week date not null, subject text not null, person bytea not null, primary key (week, subject, person))`.execute(db)
  await sql`create table weekly_people (week date not null, subject text not null, people bigint not null, primary key (subject, week))`.execute(db)
  await sql`create index weekly_people_week on weekly_people (week)`.execute(db)
}
