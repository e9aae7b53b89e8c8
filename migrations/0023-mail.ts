import { type Kysely, sql } from 'kysely'

// mails: what waits to be sent, sealed (addresses, links and codes are in it); a row goes when the mail has. Beside it what mails prove: links
// that lead back in, people who have not proven their address yet, and addresses that are to become somebody's. user_id is null where an
// unknown name was given: the same rows are written for nobody, so that time tells no one who is known.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table mails (
    mail_id uuid primary key,
    sealed bytea not null,
    tries int not null default 0,
    due_at timestamptz not null default clock_now(),
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null
  )`.execute(db)
  await sql`create index mails_due on mails (due_at)`.execute(db)
  await sql`create table reset_links (
    link_id uuid primary key,
    secret_hash bytea not null,
    user_id uuid references users on delete cascade,
    provider_id text not null,
    interaction_id uuid,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null,
    used_at timestamptz
  )`.execute(db)
  await sql`create index reset_links_user on reset_links (user_id)`.execute(db)
  await sql`create index reset_links_expiry on reset_links (expires_at)`.execute(db)
  await sql`create table sign_ups (
    sign_up_id uuid primary key,
    interaction_id uuid not null,
    browser_id uuid not null,
    provider_id text not null,
    sealed bytea not null,
    code_hash bytea not null,
    tries int not null default 0,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null,
    used_at timestamptz
  )`.execute(db)
  await sql`create index sign_ups_interaction on sign_ups (interaction_id)`.execute(db)
  await sql`create index sign_ups_expiry on sign_ups (expires_at)`.execute(db)
  await sql`create table address_changes (
    change_id uuid primary key,
    secret_hash bytea not null,
    user_id uuid not null references users on delete cascade,
    sealed_address bytea not null,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null,
    used_at timestamptz
  )`.execute(db)
  await sql`create index address_changes_user on address_changes (user_id)`.execute(db)
  await sql`create index address_changes_expiry on address_changes (expires_at)`.execute(db)
}
