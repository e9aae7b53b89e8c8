import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table organizations (
    organization_id text primary key,
    document jsonb not null,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now()
  )`.execute(db)
}
