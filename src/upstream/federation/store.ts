import { type Kysely, sql } from 'kysely'
import type { DeclaredDocument } from '../../database/declared.ts'
import type { Database } from '../../database/schema.ts'
import type { Federation } from './federation.ts'

// Owns federations: what is declared, and how far its import has come. The providers that come out of one are store.ts's above.

/** What the last import knows. */
export interface FederationState {
  readonly id: string
  readonly document: Federation
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  readonly importedAt: Date | undefined
  readonly publishedAt: Date | undefined
  readonly validUntil: Date | undefined
  readonly checkedAt: Date | undefined
  readonly refreshAt: Date
  readonly providers: number
  /** Why the last try came to nothing, in words. */
  readonly failure: string | undefined
  /** Tries in a row that came to nothing. */
  readonly failures: number
}

interface Row {
  readonly federation_id: string
  readonly document: Federation
  readonly etag: string | null
  readonly last_modified: string | null
  readonly imported_at: Date | null
  readonly published_at: Date | null
  readonly valid_until: Date | null
  readonly checked_at: Date | null
  readonly refresh_at: Date
  readonly providers: number
  readonly failure: string | null
  readonly failures: number
}

function toState(row: Row): FederationState {
  return {
    id: row.federation_id,
    document: row.document,
    etag: row.etag ?? undefined,
    lastModified: row.last_modified ?? undefined,
    importedAt: row.imported_at ?? undefined,
    publishedAt: row.published_at ?? undefined,
    validUntil: row.valid_until ?? undefined,
    checkedAt: row.checked_at ?? undefined,
    refreshAt: row.refresh_at,
    providers: row.providers,
    failure: row.failure ?? undefined,
    failures: row.failures,
  }
}

/** The federations as they were declared. */
export async function listDeclaredFederations(db: Kysely<Database>): Promise<readonly DeclaredDocument[]> {
  const { rows } = await sql<{ federation_id: string; document: Record<string, unknown>; declared: boolean }>`select federation_id, document, declared from federations order by federation_id`.execute(db)
  return rows.map((row) => ({ id: row.federation_id, document: row.document, declared: row.declared }))
}

/** All federations with how their import stands. */
export async function listFederations(db: Kysely<Database>): Promise<readonly FederationState[]> {
  const { rows } = await sql<Row>`select * from federations order by federation_id`.execute(db)
  return rows.map(toState)
}

/** Those whose metadata must be asked for, by the database's clock. */
export async function listDueFederations(db: Kysely<Database>): Promise<readonly FederationState[]> {
  const { rows } = await sql<Row>`select * from federations where refresh_at <= clock_now() order by refresh_at`.execute(db)
  return rows.map(toState)
}

/** Those whose metadata is too old to be believed. */
export async function listExpiredFederations(db: Kysely<Database>): Promise<readonly string[]> {
  const { rows } = await sql<{ federation_id: string }>`select federation_id from federations where valid_until <= clock_now() and providers > 0`.execute(db)
  return rows.map((row) => row.federation_id)
}

/** Creates or replaces a declaration. It is imported at the next turn, whatever was known before. */
export async function saveFederation(db: Kysely<Database>, federation: Federation, declared: boolean): Promise<void> {
  await sql`insert into federations (federation_id, document, declared) values (${federation.provider_id}, ${JSON.stringify(federation)}::jsonb, ${declared})
    on conflict (federation_id) do update set document = excluded.document, declared = excluded.declared, updated_at = clock_now(), refresh_at = clock_now(),
      etag = null, last_modified = null, published_at = null, failure = null, failures = 0`.execute(db)
}

export async function deleteFederation(db: Kysely<Database>, id: string): Promise<void> {
  await sql`delete from federations where federation_id = ${id}`.execute(db)
}

export interface Imported {
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  readonly publishedAt: Date | undefined
  readonly validUntil: Date
  readonly providers: number
  /** Seconds until the next refresh. */
  readonly refreshSeconds: number
}

/** Notes an import. To be called in the transaction that wrote what was imported. False when the federation was declared anew meanwhile. */
export async function noteImport(trx: Kysely<Database>, before: FederationState, imported: Imported): Promise<boolean> {
  const result = await sql`update federations set etag = ${imported.etag ?? null}, last_modified = ${imported.lastModified ?? null}, published_at = ${imported.publishedAt ?? null},
    valid_until = ${imported.validUntil}, providers = ${imported.providers}, imported_at = clock_now(), checked_at = clock_now(), failure = null, failures = 0,
    refresh_seconds = ${imported.refreshSeconds}, refresh_at = clock_now() + make_interval(secs => ${imported.refreshSeconds})
    where federation_id = ${before.id} and document = ${JSON.stringify(before.document)}::jsonb`.execute(trx)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Notes that the metadata is still the same. */
export async function noteUnchanged(db: Kysely<Database>, id: string): Promise<void> {
  await sql`update federations set checked_at = clock_now(), failure = null, failures = 0, refresh_at = clock_now() + make_interval(secs => refresh_seconds) where federation_id = ${id}`.execute(db)
}

/** Notes why nothing came of a try, and when the next one is. What was imported before stays. */
export async function noteFailure(db: Kysely<Database>, id: string, failure: string, retrySeconds: number): Promise<void> {
  await sql`update federations set failure = ${failure}, failures = failures + 1, refresh_at = clock_now() + make_interval(secs => ${retrySeconds}) where federation_id = ${id}`.execute(db)
}

/** Notes that nothing of a federation is in force any more; the next import begins from nothing. */
export async function noteExpiry(trx: Kysely<Database>, id: string): Promise<void> {
  await sql`update federations set providers = 0, etag = null, last_modified = null where federation_id = ${id}`.execute(trx)
}
