import { type Kysely, sql } from 'kysely'

// How often a client broke a rule of the stricter profile that it is only tried against.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table profile_reports (
    client_key bigint not null references clients on delete cascade,
    profile text not null,
    rule text not null,
    count bigint not null,
    first_at timestamptz not null default clock_now(),
    last_at timestamptz not null default clock_now(),
    primary key (client_key, profile, rule)
  )`.execute(db)
}
