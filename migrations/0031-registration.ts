import { type Kysely, sql } from 'kysely'

// Clients that registered themselves (RFC 7591), with what lets each look after its own registration (RFC 7592), and the tokens with which
// an operator lets somebody register.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table client_registrations (
    client_key bigint primary key references clients on delete cascade,
    token_id uuid not null unique,
    secret_hash bytea not null,
    created_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`create table registration_tokens (
    token_id uuid primary key,
    secret_hash bytea not null,
    note text not null,
    uses_left integer not null check (uses_left >= 0),
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null
  )`.execute(db)
}
