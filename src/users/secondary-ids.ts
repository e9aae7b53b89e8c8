import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { hmacSha256 } from '../lib/digest.ts'

// Owns secondary_ids: numbers and names that several providers know a person by. They lead from a provider that is new to a person to the
// person that another provider brought; only ids that the operator trusts that very provider with ever come here (upstream/provider.ts). An
// e-mail address is none of them. Kept as keyed hashes: a national id has so few digits that a plain hash would be the number itself.

/** The kinds there are, most telling first. */
export const secondaryIdKinds = ['national_id', 'orcid', 'feide'] as const
export type SecondaryIdKind = (typeof secondaryIdKinds)[number]

export interface SecondaryId {
  readonly kind: SecondaryIdKind
  readonly value: string
}

interface Known {
  readonly user_id: string | null
}

/** The hash to write and the ones under keys from before: a key that is replaced must not split people. */
function hashes(ctx: Context, { kind, value }: SecondaryId): readonly Buffer[] {
  return ctx.sealing.macKeys('secondary-id').map((key) => hmacSha256(key, `${kind}/${value}`))
}

function byKind(ids: readonly SecondaryId[]): readonly SecondaryId[] {
  return secondaryIdKinds.flatMap((kind) => ids.filter((id) => id.kind === kind))
}

async function claimOne(ctx: Context, trx: Kysely<Database>, id: SecondaryId, providerId: string): Promise<string | undefined> {
  const [current, ...earlier] = hashes(ctx, id)
  const { rows } = await sql<Known>`insert into secondary_ids (kind, id_hash, provider_id) values (${id.kind}, ${current}, ${providerId})
    on conflict (kind, id_hash) do update set seen_at = clock_now() returning user_id`.execute(trx)
  const owner = rows[0]?.user_id
  if (owner !== null && owner !== undefined) return owner
  if (earlier.length === 0) return undefined
  const before = await sql<Known>`select user_id from secondary_ids where kind = ${id.kind} and id_hash = any(${earlier}::bytea[]) and user_id is not null limit 1`.execute(trx)
  return before.rows[0]?.user_id ?? undefined
}

/** Whoever comes for the same ids waits in the order in which they came: who waits for a row may be overtaken by everybody else, until there is no more time. */
async function standInLine(ctx: Context, trx: Kysely<Database>, ids: readonly SecondaryId[]): Promise<void> {
  const places = ids.map((id) => hashes(ctx, id)[0]?.readBigInt64BE().toString())
  await sql`select pg_advisory_xact_lock(place) from (select place from unnest(${places}::bigint[]) with ordinality as places (place, n) order by n offset 0) in_order`.execute(trx)
}

/** Takes ids inside a transaction: until it ends nobody else can. Returns whose they are, if anybody's; of two people the one of the first kind. */
export async function claimSecondaryIds(ctx: Context, trx: Kysely<Database>, ids: readonly SecondaryId[], providerId: string): Promise<string | undefined> {
  let owner: string | undefined
  // One after the other, in one order for everybody: two sign-ins with the same ids wait for each other and never in a circle.
  await standInLine(ctx, trx, byKind(ids))
  for (const id of byKind(ids)) {
    const found = await claimOne(ctx, trx, id, providerId)
    owner ??= found
  }
  return owner
}

/** Gives the ids that are nobody's yet to a person. */
export async function settleSecondaryIds(ctx: Context, trx: Kysely<Database>, ids: readonly SecondaryId[], userId: string): Promise<void> {
  for (const id of byKind(ids)) await sql`update secondary_ids set user_id = ${userId} where kind = ${id.kind} and id_hash = ${hashes(ctx, id)[0]} and user_id is null`.execute(trx)
}

/** What was one person's is another's from now on. */
export async function moveSecondaryIds(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`update secondary_ids set user_id = ${to} where user_id = ${from}`.execute(trx)
}
