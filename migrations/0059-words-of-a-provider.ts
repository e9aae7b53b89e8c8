import { type Kysely, sql } from 'kysely'

// All words of a provider in one text, each after a line's end, so that the search can read whether a word begins or stands there without
// joining the words: domains apart, each after a dot, because of them only whole labels are found. Made by the database of what the row has:
// a version before this one that writes the row keeps them right.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create function searched_words(names text, abbreviations text, realms text[], of_domains boolean) returns text language sql immutable strict parallel safe
    as $$ select coalesce(string_agg(distinct case when of_domains then E'\\n.' else E'\\n' end || word, ''), '')
      from unnest(string_to_array(replace(names || abbreviations, ' ', E'\\n'), E'\\n') || realms) as word
      where word <> '' and (position('.' in word) > 0) = of_domains $$`.execute(db)
  await sql`alter table provider_index
    add column words text collate "C" not null generated always as (searched_words(names collate "C", abbreviations collate "C", realms collate "C", false)) stored,
    add column domains text collate "C" not null generated always as (searched_words(names collate "C", abbreviations collate "C", realms collate "C", true)) stored`.execute(db)
}
