import { z } from 'zod'
import { clientStatistics, FEWER_THAN_FIVE, type Period, providerStatistics } from '../../audit/read-statistics.ts'
import { dayOf } from '../../audit/statistics.ts'
import { listUnused } from '../../clients/uses.ts'
import { readClient } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { findThing } from '../../declarations/thing.ts'
import { invalid } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const DAY_MS = 86_400_000
const USUAL_DAYS = 30
const MOST_DAYS = 400

const told = z.union([z.int(), z.literal(FEWER_THAN_FIVE)])
const counts = z.record(z.string(), z.int())
const use = {
  name: 'Statistics',
  schema: z.strictObject({
    days: z.array(z.strictObject({ day: z.iso.date(), logins: told, tokens: counts, failures: counts })),
    weeks: z.array(z.strictObject({ week: z.iso.date().describe('Its Monday'), people: told })),
  }),
}

const unused = {
  name: 'Unused',
  schema: z.strictObject({
    items: z.array(z.strictObject({
      kind: z.enum(['redirect_uri', 'scope']),
      value: z.string(),
      since: z.iso.datetime().describe('When it was last used; else since when it is registered'),
      ever_used: z.boolean(),
    })),
  }),
}

// Dates that every calendar knows.
const day = z.iso.date().refine((text) => text >= '1900', 'must be after 1899').optional()
const period = { from: day, to: day }

function periodOf({ clock }: Pick<Context, 'clock'>, { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }): Period {
  const until = to ?? dayOf(clock.now())
  const since = from ?? dayOf(Date.parse(until) - USUAL_DAYS * DAY_MS)
  const days = (Date.parse(until) - Date.parse(since)) / DAY_MS
  if (days < 0 || days > MOST_DAYS) throw invalid([{ path: 'from', message: `from must be before to, and at most ${MOST_DAYS} days` }])
  return { from: since, to: until }
}

/** How much applications and places to sign in are used; nobody is in the numbers who could be found there. */
export const statistics: Resource = () => [
  operation({
    method: 'GET',
    path: '/api/clients/{client_id}/statistics',
    id: 'readClientStatistics',
    summary: 'How an application is used, by day and week; numbers of people below five are not told',
    scope: 'portner.statistics.read',
    query: z.strictObject({ ...period, provider: z.string().max(200).optional().describe('Only the sign-ins that came from there') }),
    answer: { status: 200, description: 'The numbers', schema: use },
    refusals: [404],
    run: async (call) => {
      const { id } = await findThing(call.ctx, call.caller.actor, 'client', param(call, 'client_id'), 'statistics')
      return { status: 200, body: await clientStatistics(call.ctx, id, { ...periodOf(call.ctx, call.query), provider: call.query.provider }) }
    },
  }),
  operation({
    method: 'GET',
    path: '/api/clients/{client_id}/unused',
    id: 'listUnusedOfClient',
    summary: 'Redirect URIs that no answer goes to, and scopes that were never granted, with since when',
    scope: 'portner.statistics.read',
    answer: { status: 200, description: 'What could be taken away', schema: unused },
    refusals: [404],
    run: async (call) => {
      const { id } = await findThing(call.ctx, call.caller.actor, 'client', param(call, 'client_id'), 'statistics')
      const client = await readClient(call.ctx.db, id)
      const found = client === undefined ? [] : await listUnused(call.ctx.db, client.key)
      return { status: 200, body: { items: found.map(({ kind, value, since, everUsed }) => ({ kind, value, since: since.toISOString(), ever_used: everUsed })) } }
    },
  }),
  operation({
    method: 'GET',
    path: '/api/providers/{provider_id}/statistics',
    id: 'readProviderStatistics',
    summary: 'How a place to sign in is used, by day and week',
    scope: 'portner.statistics.read',
    query: z.strictObject(period),
    answer: { status: 200, description: 'The numbers', schema: use },
    refusals: [404],
    run: async (call) => {
      const { id } = await findThing(call.ctx, call.caller.actor, 'provider', param(call, 'provider_id'), 'statistics')
      return { status: 200, body: await providerStatistics(call.ctx, id, periodOf(call.ctx, call.query)) }
    },
  }),
]
