import { type Kysely, sql } from 'kysely'

// When a secret was last used, and clients that are offered to another owner: one offer a client, which ends by itself.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table client_secrets add column used_at timestamptz`.execute(db)
  await sql`create table client_transfers (
    client_key bigint primary key references clients on delete cascade,
    organization_id text references organizations on delete cascade,
    user_id uuid references users on delete cascade,
    offered_by uuid references users on delete set null,
    expires_at timestamptz not null,
    check (num_nonnulls(organization_id, user_id) = 1)
  )`.execute(db)
  await sql`create index client_transfers_organization on client_transfers (organization_id) where organization_id is not null`.execute(db)
  await sql`create index client_transfers_user on client_transfers (user_id) where user_id is not null`.execute(db)
}
