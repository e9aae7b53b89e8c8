import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/schema.ts'

// Owns provider_logos: where a provider's picture comes from, and the small one that we made of it. Shown is only ours.

export interface LogoSource {
  readonly providerId: string
  /** Nothing when the provider names none any more. */
  readonly source: string | undefined
}

/** Notes where pictures come from. One whose address is the same stays as it is; another one is fetched at the next turn. */
export async function saveLogoSources(db: Kysely<Database>, logos: readonly LogoSource[]): Promise<void> {
  const gone = logos.filter(({ source }) => source === undefined).map(({ providerId }) => providerId)
  const named = logos.filter(({ source }) => source !== undefined).map(({ providerId, source }) => ({ provider_id: providerId, source }))
  if (gone.length > 0) await sql`delete from provider_logos where provider_id = any(${gone}::text[])`.execute(db)
  if (named.length === 0) return
  await sql`insert into provider_logos (provider_id, source) select provider_id, source from jsonb_to_recordset(${JSON.stringify(named)}::jsonb) as given (provider_id text, source text)
    on conflict (provider_id) do update set source = excluded.source, image = null, image_hash = null, fetch_at = clock_now()
    where provider_logos.source is distinct from excluded.source`.execute(db)
}

/** Some pictures that are to be fetched, by the database's clock. Each is put off for an hour by this very question: who dies meanwhile tries again then. */
export async function takeDueLogos(db: Kysely<Database>, limit: number): Promise<readonly { readonly providerId: string; readonly source: string }[]> {
  const { rows } = await sql<{ provider_id: string; source: string }>`
    update provider_logos set fetch_at = clock_now() + interval '1 hour'
    where provider_id in (select provider_id from provider_logos where fetch_at <= clock_now() order by fetch_at limit ${limit} for update skip locked)
    returning provider_id, source`.execute(db)
  return rows.map((row) => ({ providerId: row.provider_id, source: row.source }))
}

export interface SmallImage {
  readonly bytes: Buffer
  /** Of the bytes. */
  readonly hash: string
}

/** Keeps what became of a picture: the small one, or nothing where it is of no use. It is looked at again after so many days. */
export async function saveLogo(db: Kysely<Database>, providerId: string, source: string, image: SmallImage | undefined, days: number): Promise<void> {
  await sql`update provider_logos set image = ${image?.bytes ?? null}, image_hash = ${image?.hash ?? null}, fetch_at = clock_now() + make_interval(days => ${days})
    where provider_id = ${providerId} and source = ${source}`.execute(db)
}

/** Tries a picture again later; the one there is stays. */
export async function postponeLogo(db: Kysely<Database>, providerId: string, days: number): Promise<void> {
  await sql`update provider_logos set fetch_at = clock_now() + make_interval(days => ${days}) where provider_id = ${providerId}`.execute(db)
}

/** The hash of the small picture of each of these providers that has one. */
export async function findLogos(db: Kysely<Database>, providerIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (providerIds.length === 0) return new Map()
  const { rows } = await sql<{ provider_id: string; image_hash: string }>`select provider_id, image_hash from provider_logos where provider_id = any(${[...providerIds]}::text[]) and image_hash is not null`.execute(db)
  return new Map(rows.map((row) => [row.provider_id, row.image_hash]))
}

/** A small picture by its hash. */
export async function findLogoImage(db: Kysely<Database>, hash: string): Promise<Buffer | undefined> {
  const { rows } = await sql<{ image: Buffer }>`select image from provider_logos where image_hash = ${hash} limit 1`.execute(db)
  return rows[0]?.image
}
