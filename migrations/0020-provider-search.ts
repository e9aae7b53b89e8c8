import { type Kysely, sql } from 'kysely'

// What the search of the discovery page asks, apart from the declarations: a narrow row a provider, its words, and what each word may be
// found by (the word, and every end of it of two letters or more). All of it compared byte by byte, so that "begins with" is a range of an
// index whatever the database's collation is. Beside it, how often people of each client have signed in at a provider: who they are is not
// told. The rows that are there are taken over from the folded words that the providers had.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table provider_index (
    number integer primary key generated always as identity,
    provider_id text not null unique references providers on delete cascade,
    listed boolean not null,
    protocol text not null,
    country text,
    realms text[] not null,
    names text collate "C" not null,
    abbreviations text collate "C" not null,
    sort_name text collate "C" not null
  )`.execute(db)
  await sql`create index provider_index_realms on provider_index using gin (realms)`.execute(db)
  await sql`create index providers_organization on providers ((document->>'organization'))`.execute(db)
  await sql`create table provider_words (
    word text collate "C" not null,
    number integer not null references provider_index on delete cascade,
    primary key (word, number)
  )`.execute(db)
  await sql`create index provider_words_number on provider_words (number)`.execute(db)
  await sql`create table word_ends (part text collate "C" not null, word text collate "C" not null, primary key (part, word))`.execute(db)
  await sql`create table provider_uses (
    client_key bigint not null references clients on delete cascade,
    provider_id text not null references providers on delete cascade,
    uses double precision not null,
    used_at timestamptz not null default clock_now(),
    primary key (client_key, provider_id)
  )`.execute(db)
  await sql`create index provider_uses_provider on provider_uses (provider_id)`.execute(db)
  await sql`insert into provider_index (provider_id, listed, protocol, country, realms, names, abbreviations, sort_name)
    select p.provider_id, not coalesce((p.document->>'disabled')::boolean, false), p.protocol, p.country,
      array(select jsonb_array_elements_text(o.document->'realms')), E'\n' || p.sort_name, E'\n' || replace(p.words, ' ', E'\n') || E'\n', p.sort_name
    from providers p left join organizations o on o.organization_id = p.document->>'organization'`.execute(db)
  await sql`insert into provider_words (word, number)
    select distinct left(word, 60), i.number from providers p join provider_index i using (provider_id), unnest(string_to_array(p.words, ' ')) word where word <> ''`.execute(db)
  await sql`insert into word_ends (part, word)
    select substr(word, at), word from (select distinct word from provider_words) w, generate_series(1, length(word)) at where at = 1 or length(word) - at >= 1`.execute(db)
  await sql`alter table providers drop column words, drop column sort_name`.execute(db)
}
