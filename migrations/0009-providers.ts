import { type Kysely, sql } from 'kysely'

// words: every name, keyword and realm, folded, so that the discovery page's search is one indexed question to PostgreSQL.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table providers (
    provider_id text primary key,
    protocol text not null,
    country text,
    words text not null,
    sort_name text not null,
    document jsonb not null,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`create index providers_country on providers (country, sort_name)`.execute(db)
}
