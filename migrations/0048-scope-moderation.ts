import { type Kysely, sql } from 'kysely'

// scope_requests: what has been decided of each scope of an API that a client wishes for. organization_approvals: what an organization lets a
// client have about its own people, by realm. A client that was there before keeps what it had: nobody was asked then.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table scope_requests (
    client_key bigint not null references clients on delete cascade,
    scope text not null,
    api_id text not null,
    state text not null check (state in ('requested', 'granted', 'refused')),
    basis text not null check (basis in ('auto', 'own', 'operator', 'decision')),
    reason text,
    asked_by uuid references users on delete set null,
    asked_at timestamptz not null default clock_now(),
    decided_by uuid references users on delete set null,
    decided_at timestamptz,
    told boolean not null default false,
    primary key (client_key, scope)
  )`.execute(db)
  await sql`create index scope_requests_api on scope_requests (api_id, scope)`.execute(db)
  await sql`create index scope_requests_untold on scope_requests (asked_at) where not told`.execute(db)
  await sql`create table organization_approvals (
    client_key bigint not null references clients on delete cascade,
    realm text not null,
    approved text[] not null default '{}',
    refused jsonb not null default '{}',
    decided_by uuid references users on delete set null,
    decided_at timestamptz not null default clock_now(),
    primary key (client_key, realm)
  )`.execute(db)
  await sql`create index organization_approvals_realm on organization_approvals (realm)`.execute(db)
  await sql`update apis set document = document || '{"approval": "auto"}' where not document ? 'approval'`.execute(db)
  await sql`insert into cache_versions (name) values ('scope_approvals')`.execute(db)
  await sql`insert into scope_requests (client_key, scope, api_id, state, basis, decided_at, told)
    select distinct c.client_key, s.scope, split_part(s.scope, '_', 2), 'granted', 'operator', clock_now(), true
    from clients c cross join lateral unnest(string_to_array(c.document->>'scope', ' ')) as s (scope) where s.scope ~ '^gk_[a-z]'`.execute(db)
}
