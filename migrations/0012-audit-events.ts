import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table audit_events (
    event_id uuid primary key,
    at timestamptz not null,
    event text not null,
    client_id text,
    user_id uuid,
    reference text,
    details jsonb not null
  )`.execute(db)
}
