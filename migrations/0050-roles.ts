import { type Kysely, sql } from 'kysely'

// Who works for an organization and as what, who operates this server, and whose a client is that belongs to no organization.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table organization_members (
    organization_id text not null references organizations on delete cascade,
    user_id uuid not null references users on delete cascade,
    role text not null check (role in ('admin', 'developer', 'member')),
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now(),
    primary key (organization_id, user_id)
  )`.execute(db)
  await sql`create index organization_members_user on organization_members (user_id)`.execute(db)
  await sql`create table operators (
    user_id uuid primary key references users on delete cascade,
    created_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`alter table clients add column owner_user_id uuid references users on delete set null`.execute(db)
  await sql`create index clients_owner on clients (owner_user_id) where owner_user_id is not null`.execute(db)
  await sql`create index clients_organization on clients ((document->>'organization'), client_id)`.execute(db)
}
