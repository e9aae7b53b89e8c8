import { type Kysely, sql } from 'kysely'

// Who switched an API off: what an operator switched off, only an operator switches on. People are searched by the beginning of what they are
// called. An index that nothing asked goes.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table apis add column held boolean not null default false`.execute(db)
  // Of those that are off now, a file's are taken for the operator's word: switching one on is asked for, not the other way round.
  await sql`update apis set held = true where declared and document @> '{"disabled": true}'`.execute(db)
  await sql`drop index decoupled_requests_expected`.execute(db)
  await sql`create index users_begin_username on users (username text_pattern_ops) where merged_into is null`.execute(db)
  await sql`create index users_begin_email on users (lower(claims->>'email') text_pattern_ops) where merged_into is null`.execute(db)
  await sql`create index users_begin_name on users (lower(claims->>'name') text_pattern_ops) where merged_into is null`.execute(db)
}
