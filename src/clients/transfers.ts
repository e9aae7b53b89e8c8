import { type Kysely, sql, type Transaction } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'

// Owns client_transfers: clients that their owner offers to another. Nothing changes until the other takes it, and an offer ends by itself.

const DAYS = 14

/** To whom: an organization, or a person. Whom a name did not mean is nobody: such an offer looks like any other, and nobody can take it. */
export type Taker = { readonly organization: string } | { readonly userId: string | undefined }

export interface Offer {
  readonly clientKey: string
  readonly to: Taker
  readonly until: Date
}

interface Row {
  readonly client_key: string
  readonly organization_id: string | null
  readonly user_id: string | null
  readonly expires_at: Date
}

function toOffer(row: Row): Offer {
  return { clientKey: row.client_key, to: row.organization_id === null ? { userId: row.user_id ?? undefined } : { organization: row.organization_id }, until: row.expires_at }
}

function columns(taker: Taker): readonly [organization: string | null, userId: string | null] {
  return 'organization' in taker ? [taker.organization, null] : [null, taker.userId ?? null]
}

/** Offers a client; an offer before is over. */
export async function offerClient(ctx: Context, clientKey: string, to: Taker, by: string | undefined): Promise<void> {
  const [organization, userId] = columns(to)
  await sql`insert into client_transfers (client_key, organization_id, user_id, offered_by, expires_at) values (${clientKey}, ${organization}, ${userId}, ${by ?? null}, clock_now() + make_interval(days => ${DAYS}))
    on conflict (client_key) do update set organization_id = excluded.organization_id, user_id = excluded.user_id, offered_by = excluded.offered_by, expires_at = excluded.expires_at`.execute(ctx.db)
}

/** Takes an offer: of all who do at once one gets it. Nothing when there is none for them. */
export async function takeOffer(trx: Transaction<Database>, clientKey: string, as: Taker): Promise<Offer | undefined> {
  const [organization, userId] = columns(as)
  const { rows } = await sql<Row>`delete from client_transfers where client_key = ${clientKey} and expires_at > clock_now()
    and (organization_id = ${organization}::text or user_id = ${userId}::uuid) returning client_key, organization_id, user_id, expires_at`.execute(trx)
  return rows[0] && toOffer(rows[0])
}

/** Ends an offer; with `to` only one to them. Returns whether there was one. */
export async function endOffer(db: Kysely<Database>, clientKey: string, to?: Taker): Promise<boolean> {
  const [organization, userId] = to === undefined ? [null, null] : columns(to)
  const { numAffectedRows } = await sql`delete from client_transfers where client_key = ${clientKey} and (${to === undefined} or organization_id = ${organization}::text or user_id = ${userId}::uuid)`.execute(db)
  return numAffectedRows === 1n
}

export async function findOffer(db: Kysely<Database>, clientKey: string): Promise<Offer | undefined> {
  const { rows } = await sql<Row>`select client_key, organization_id, user_id, expires_at from client_transfers where client_key = ${clientKey} and expires_at > clock_now()`.execute(db)
  return rows[0] && toOffer(rows[0])
}

/** What is offered to an organization or a person. */
export async function listOffers(db: Kysely<Database>, to: Taker): Promise<readonly Offer[]> {
  const [organization, userId] = columns(to)
  const { rows } = await sql<Row>`select client_key, organization_id, user_id, expires_at from client_transfers where expires_at > clock_now()
    and (organization_id = ${organization}::text or user_id = ${userId}::uuid) order by expires_at limit 100`.execute(db)
  return rows.map(toOffer)
}
