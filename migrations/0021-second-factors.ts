import { type Kysely, sql } from 'kysely'

// What a person can prove beside a password, and what a session says of it. A session with `factor_due` belongs to a sign-in that has one
// proof and waits for the other: nobody is signed in by it.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table passkeys (
    credential_id bytea primary key,
    user_id uuid not null references users on delete cascade,
    name text not null,
    public_key bytea not null,
    counter bigint not null,
    transports text[] not null,
    synced boolean not null,
    backed_up boolean not null,
    created_at timestamptz not null default clock_now(),
    used_at timestamptz
  )`.execute(db)
  await sql`create index passkeys_user on passkeys (user_id)`.execute(db)
  await sql`create table passkey_challenges (
    challenge_hash bytea primary key,
    until timestamptz not null
  )`.execute(db)
  await sql`create index passkey_challenges_until on passkey_challenges (until)`.execute(db)
  await sql`create table totp_secrets (
    user_id uuid primary key references users on delete cascade,
    sealed_secret bytea not null,
    last_step bigint not null default 0,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    used_at timestamptz
  )`.execute(db)
  await sql`create table recovery_codes (
    user_id uuid not null references users on delete cascade,
    code_hash bytea not null,
    created_at timestamptz not null default clock_now(),
    used_at timestamptz,
    primary key (user_id, code_hash)
  )`.execute(db)
  await sql`create table email_codes (
    interaction_id uuid primary key,
    user_id uuid not null references users on delete cascade,
    code_hash bytea not null,
    until timestamptz not null,
    used_at timestamptz
  )`.execute(db)
  await sql`create index email_codes_until on email_codes (until)`.execute(db)
  await sql`create index email_codes_user on email_codes (user_id)`.execute(db)
  await sql`create table trusted_devices (
    trust_id uuid primary key,
    user_id uuid not null references users on delete cascade,
    device_id uuid not null references devices on delete cascade,
    label text not null,
    created_at timestamptz not null default clock_now(),
    until timestamptz not null,
    unique (user_id, device_id)
  )`.execute(db)
  await sql`create index trusted_devices_device on trusted_devices (device_id)`.execute(db)
  await sql`create index trusted_devices_until on trusted_devices (until)`.execute(db)
  await sql`create table factor_preferences (
    user_id uuid primary key references users on delete cascade,
    preferred text,
    email_codes boolean not null default false,
    passkey_offered_at timestamptz
  )`.execute(db)
  await sql`alter table sessions add column factors text[] not null default '{}', add column factor_at timestamptz, add column factor_due boolean not null default false`.execute(db)
}
