import { sql } from 'kysely'
import type { Context } from '../context.ts'

// Owns client_wishes: who has asked the own organization to let its people use a client. One letter a person, client and month.

const AGAIN_AFTER_DAYS = 30

export interface Wish {
  readonly organizationId: string
  readonly clientKey: string
  readonly userId: string
}

/** Notes a wish. True for one of all who say it at once, and not again for a month: then somebody is to be told. */
export async function noteWish(ctx: Context, { organizationId, clientKey, userId }: Wish): Promise<boolean> {
  const result = await sql`insert into client_wishes (organization_id, client_key, user_id) values (${organizationId}, ${clientKey}, ${userId})
    on conflict (organization_id, client_key, user_id) do update set wished_at = clock_now() where client_wishes.wished_at < clock_now() - make_interval(days => ${AGAIN_AFTER_DAYS})`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Whether a person has said so within the last month. */
export async function hasWished(ctx: Context, { organizationId, clientKey, userId }: Wish): Promise<boolean> {
  const { rows } = await sql`select 1 from client_wishes where organization_id = ${organizationId} and client_key = ${clientKey} and user_id = ${userId} and wished_at >= clock_now() - make_interval(days => ${AGAIN_AFTER_DAYS})`.execute(ctx.db)
  return rows.length > 0
}
