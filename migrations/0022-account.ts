import { type Kysely, sql } from 'kysely'

// What the account pages show and keep. browsers: the session that they are about, of the several a browser may have. sessions: the family
// of the browser, never its header. consents: when the client was last used, and when the person removed it; then the row is what remembers
// that. The history of one person is read along the index.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table browsers add column account_session_id uuid`.execute(db)
  await sql`alter table sessions add column agent text`.execute(db)
  await sql`alter table consents add column used_at timestamptz, add column removed_at timestamptz`.execute(db)
  await sql`create index audit_events_user on audit_events (user_id, event_id desc) where user_id is not null`.execute(db)
}
