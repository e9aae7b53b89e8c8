import { z } from 'zod'
import { standingsOf } from '../../apis/inbox.ts'
import { readClient } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { decideWish, requireWish } from '../../declarations/scope-decisions.ts'
import { findThing } from '../../declarations/thing.ts'
import { notFound } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const PATH = '/api/clients/{client_id}/gkscopes'

const standing = z.strictObject({
  scope: z.string(),
  state: z.enum(['granted', 'requested', 'refused', 'organizations', 'unknown']),
  api_id: z.string().optional(),
  reason: z.string().optional(),
  realms: z.array(z.strictObject({ realm: z.string(), approved: z.boolean(), reason: z.string().optional() })),
})
const shown = { name: 'ScopeStandings', schema: z.object({ items: z.array(standing) }) }

const scopes = z.array(z.string().max(200)).max(50).default([])
const decisions = z
  .strictObject({ scopes_add: scopes, scopes_remove: scopes, reason: z.string().trim().max(1000).default('') })
  .refine(({ scopes_add: add, scopes_remove: remove }) => add.length + remove.length > 0, { path: ['scopes_add'], error: 'must name a scope, or scopes_remove must' })
  .refine(({ scopes_remove: remove, reason }) => remove.length === 0 || reason !== '', { path: ['reason'], error: 'must say why, for the owner of the client' })

/** How everything stands that a client wishes for, or only some of it. */
async function standings(ctx: Context, clientId: string, only?: readonly string[]): Promise<object> {
  const client = await readClient(ctx.db, clientId)
  if (client === undefined) throw notFound()
  const items = (await standingsOf(ctx, client)).filter(({ scope }) => only?.includes(scope) !== false).map(({ scope, state, api, reason, realms }) => ({
    scope,
    state,
    ...(api === undefined ? {} : { api_id: api.apiId }),
    ...(reason === undefined ? {} : { reason }),
    realms: realms.map((one) => ({ realm: one.realm, approved: one.approved, ...(one.reason === undefined ? {} : { reason: one.reason }) })),
  }))
  return { items }
}

/** What a client wishes of APIs, and what their owners say to it. */
export const clientScopes: Resource = () => [
  operation({
    method: 'GET',
    path: PATH,
    id: 'listScopeStandings',
    summary: 'How everything stands that a client wishes of APIs',
    scope: 'portner.clients.read',
    answer: { status: 200, description: 'All of it', schema: shown },
    refusals: [404],
    run: async (call) => {
      const { id } = await findThing(call.ctx, call.caller.actor, 'client', param(call, 'client_id'))
      return { status: 200, body: await standings(call.ctx, id) }
    },
  }),
  operation({
    method: 'PATCH',
    path: PATH,
    id: 'decideScopes',
    summary: 'Grants and takes back scopes that a client asked for: for the owner of their API',
    scope: 'portner.apis.write',
    body: { reads: decisions, example: { scopes_add: ['gk_calendar'] } },
    answer: { status: 200, description: 'How those stand now', schema: shown },
    refusals: [404],
    run: async (call) => {
      const { ctx, caller, body } = call
      const clientId = param(call, 'client_id')
      const named = [...body.scopes_add, ...body.scopes_remove]
      // All of them, or none is decided.
      for (const scope of named) await requireWish(ctx, caller, { clientId, scope })
      for (const scope of body.scopes_add) await decideWish(ctx, caller, { clientId, scope, decision: 'grant' })
      for (const scope of body.scopes_remove) {
        // What was granted is taken back; what waits is refused.
        if (!(await decideWish(ctx, caller, { clientId, scope, decision: 'withdraw', reason: body.reason }))) await decideWish(ctx, caller, { clientId, scope, decision: 'refuse', reason: body.reason })
      }
      // What else the client wishes for is its owner's to read.
      return { status: 200, body: await standings(ctx, clientId, named) }
    },
  }),
]
