import { type Kysely, sql } from 'kysely'

// Which decision a grant that a client manages had last, and which one replaced all before it: a code of an earlier decision that is redeemed
// later changes nothing. And an offer of a client to whom nobody is known by the name: it looks like any other.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table managed_grants add column changed_by uuid, add column replaced_by uuid`.execute(db)
  await sql`alter table client_transfers drop constraint client_transfers_check, add check (num_nonnulls(organization_id, user_id) <= 1)`.execute(db)
}
