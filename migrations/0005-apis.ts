import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table apis (
    api_id text primary key,
    audience text unique,
    document jsonb not null,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`create table scopes (
    scope text primary key,
    document jsonb not null,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now()
  )`.execute(db)
}
