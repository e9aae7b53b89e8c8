import { type Kysely, sql } from 'kysely'

// What strong clients need: a secret that can make signatures (sealed), requests that were pushed before the browser came, and what a code,
// a token and a grant are bound to.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table client_secrets add column sealed bytea`.execute(db)
  await sql`create table pushed_requests (
    request_id uuid primary key,
    secret_hash bytea not null,
    client_key bigint not null references clients on delete cascade,
    form jsonb not null,
    jkt text,
    expires_at timestamptz not null,
    used_at timestamptz
  )`.execute(db)
  await sql`create index pushed_requests_expiry on pushed_requests (expires_at)`.execute(db)
  await sql`alter table authorization_codes add column confirmation text`.execute(db)
  await sql`alter table access_tokens add column confirmation text`.execute(db)
  await sql`alter table grants add column confirmation text`.execute(db)
}
