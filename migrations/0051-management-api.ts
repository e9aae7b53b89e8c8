import { type Kysely, sql } from 'kysely'

// What was answered to requests that named themselves, so that the same one again gets the same answer. Secrets may be in it: it is sealed.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table kept_answers (
    caller text not null,
    key_hash bytea not null,
    request_hash bytea not null,
    answer bytea,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null,
    primary key (caller, key_hash)
  )`.execute(db)
  await sql`create index kept_answers_expiry on kept_answers (expires_at)`.execute(db)
}
