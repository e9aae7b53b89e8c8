import { type Kysely, sql } from 'kysely'

// Rich authorization requests (RFC 9396): the types that are declared; what a person let a client do in such words; what one token says, where
// that is not what its grant says.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table authorization_types (
    type text primary key,
    document jsonb not null,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`alter table consents add column authorization_details jsonb`.execute(db)
  await sql`alter table access_tokens add column authorization_details jsonb`.execute(db)
}
