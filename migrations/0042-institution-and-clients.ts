import { type Kysely, sql } from 'kysely'

// What people were told that APIs get to know about them: what an API wants to know later is asked anew. Beside it, who has asked the own
// institution to let its people use a client.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table consents add column received text[] not null default '{}', add column scope_uses jsonb not null default '{}'`.execute(db)
  await sql`create table client_wishes (
    organization_id text not null references organizations on delete cascade,
    client_key bigint not null references clients on delete cascade,
    user_id uuid not null references users on delete cascade,
    wished_at timestamptz not null default clock_now(),
    primary key (organization_id, client_key, user_id)
  )`.execute(db)
  await sql`create index client_wishes_client on client_wishes (client_key)`.execute(db)
  await sql`create index client_wishes_user on client_wishes (user_id)`.execute(db)
}
