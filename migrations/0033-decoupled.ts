import { type Kysely, sql } from 'kysely'

// Requests that come from one place and are allowed at another: a device without a browser (RFC 8628), a back channel (CIBA). One row from
// the request to the tokens; the person's decision and the client's polls meet in it.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table decoupled_requests (
    request_id uuid primary key,
    kind text not null check (kind in ('device', 'ciba')),
    secret_hash bytea not null,
    user_code_hash bytea unique,
    client_key bigint not null references clients on delete cascade,
    scope text not null,
    audience text,
    requested_from text not null,
    expected_user uuid,
    binding_message text,
    acr_values text,
    notification bytea,
    status text not null default 'pending' check (status in ('pending', 'approved', 'denied', 'used')),
    user_id uuid,
    granted_scope text,
    details jsonb,
    auth_time timestamptz,
    interval_seconds integer not null,
    polled_at timestamptz,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null
  )`.execute(db)
  await sql`create index decoupled_requests_expiry on decoupled_requests (expires_at)`.execute(db)
  await sql`create index decoupled_requests_expected on decoupled_requests (expected_user) where status = 'pending'`.execute(db)
}
