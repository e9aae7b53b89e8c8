import { type Kysely, sql } from 'kysely'

// How far a client's feed has been sent to its webhook, and when the next try is due.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table consent_feeds add column webhook_since timestamptz, add column sent_sequence bigint not null default 0,
    add column attempts int not null default 0, add column next_at timestamptz not null default clock_now()`.execute(db)
  await sql`create index consent_feeds_due on consent_feeds (next_at) where sent_sequence < last_sequence`.execute(db)
}
