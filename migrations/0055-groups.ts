import { type Kysely, sql } from 'kysely'

// What a person is at an institution, as it said when they last signed in there; groups that people make themselves, who is in them, and
// links that let somebody in. Beside it: who took a consent back, and from which number on a feed of consents still has its events.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table affiliations (
    user_id uuid not null references users on delete cascade,
    realm text not null,
    provider_id text not null,
    name jsonb not null,
    words text[] not null,
    primary_word text,
    principal_name text,
    since timestamptz not null default clock_now(),
    ended_at timestamptz,
    primary key (user_id, realm)
  )`.execute(db)
  await sql`create index affiliations_ended on affiliations (ended_at) where ended_at is not null`.execute(db)
  await sql`create table ad_hoc_groups (
    group_id uuid primary key,
    name text not null,
    description text,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`create table ad_hoc_members (
    group_id uuid not null references ad_hoc_groups on delete cascade,
    user_id uuid not null references users on delete cascade,
    role text not null check (role in ('member', 'admin', 'owner')),
    since timestamptz not null default clock_now(),
    primary key (group_id, user_id)
  )`.execute(db)
  await sql`create index ad_hoc_members_user on ad_hoc_members (user_id)`.execute(db)
  await sql`create table ad_hoc_invitations (
    invitation_id uuid primary key,
    secret_hash bytea not null,
    group_id uuid not null references ad_hoc_groups on delete cascade,
    role text not null check (role in ('member', 'admin')),
    invited_by uuid not null references users on delete cascade,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null,
    used_at timestamptz
  )`.execute(db)
  await sql`create index ad_hoc_invitations_group on ad_hoc_invitations (group_id)`.execute(db)
  await sql`create index ad_hoc_invitations_inviter on ad_hoc_invitations (invited_by)`.execute(db)
  await sql`create index ad_hoc_invitations_expiry on ad_hoc_invitations (expires_at)`.execute(db)
  await sql`alter table consents add column removed_by text`.execute(db)
  await sql`alter table consent_feeds add column first_sequence bigint not null default 1`.execute(db)
  await sql`create index consent_objects_client on consent_objects (client_key)`.execute(db)
}
