import { type Kysely, sql } from 'kysely'

// A subject is unique at who issued it, not at an id that we gave: a provider's declaration can be pointed at another issuer, and its subject
// 1 is not the old one's. login_name is what the person last typed, where it is typed here: to count attempts by, nothing else.
// Beside it, what this service saw of providers that do not answer.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table identities add column issuer text not null default '', add column login_name text`.execute(db)
  await sql`update identities set issuer = coalesce((select document->>'issuer' from providers where providers.provider_id = identities.provider_id and protocol = 'oidc'), '')`.execute(db)
  await sql`alter table identities drop constraint identities_pkey, add primary key (provider_id, issuer, subject)`.execute(db)
  await sql`create index identities_login_name on identities (provider_id, login_name) where login_name is not null`.execute(db)
  await sql`create table provider_troubles (
    provider_id text primary key,
    failures int not null,
    last_at timestamptz not null
  )`.execute(db)
}
