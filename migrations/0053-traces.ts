import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table traces (
    trace_id uuid primary key,
    reference text not null unique,
    ring text not null,
    at timestamptz not null,
    level text not null,
    client_id text,
    endpoint text not null,
    status int not null,
    error text not null,
    cause text not null,
    document jsonb not null
  )`.execute(db)
  await sql`create index traces_of_ring on traces (ring, trace_id)`.execute(db)
  await sql`create index traces_of_client on traces (client_id, trace_id)`.execute(db)
}
