import { type Kysely, sql } from 'kysely'

// Since when an application has each of its sign-in addresses and scopes, and when the address was last returned to or the scope last
// granted. Those that are there already are counted from now on.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table client_uses (
    client_key bigint not null references clients on delete cascade,
    kind text not null check (kind in ('redirect_uri', 'scope')),
    value text not null,
    since timestamptz not null default clock_now(),
    used_at timestamptz
  )`.execute(db)
  // An address may be longer than what an index takes.
  await sql`create unique index client_uses_value on client_uses (client_key, kind, md5(value))`.execute(db)
  await sql`insert into client_uses (client_key, kind, value)
    select distinct c.client_key, 'redirect_uri', uri from clients c, jsonb_array_elements_text(c.document->'redirect_uris') as uri
    union select distinct c.client_key, 'scope', s from clients c, regexp_split_to_table(c.document->>'scope', ' ') as s where s <> ''`.execute(db)
}
