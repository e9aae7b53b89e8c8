import type { FastifyInstance } from 'fastify'
import { clientStatistics, lastSevenDays, newestFirst, peopleOfThisWeek, type Period, sumOf, type Told, type Use } from '../../audit/read-statistics.ts'
import { ownerOf } from '../../clients/client.ts'
import type { DashboardLogModel } from '../../http/dashboard-views.ts'
import { listTraces, type TraceRow } from '../../diagnosis/store.ts'
import { translator } from '../../http/messages.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { can } from '../../organizations/can.ts'
import { accessDenied } from '../../protocol/error.ts'
import { countConsents } from '../../users/consents.ts'
import { CLIENTS, clientPath, headOf, requireClient } from '../own-client.ts'
import { type DashboardSection, isDesk } from '../section.ts'

// What went wrong with an application in the last day, each with its diagnosis, and how much it is used (P-11, P-12).

const MOST = 100

function exactly(told: Told): number | undefined {
  return typeof told === 'number' ? told : undefined
}

function useOf(use: Use, period: Period): Pick<DashboardLogModel, 'days' | 'week'> {
  const people = peopleOfThisWeek(use, period)
  return {
    days: newestFirst(use.days).map(({ day, logins, tokens, failures }) => ({ day, logins: exactly(logins), tokens: sumOf(tokens), failures: sumOf(failures) })),
    week: people === undefined ? undefined : { people: exactly(people) },
  }
}

/** How often each cause, the commonest first. */
function byCause(traces: readonly TraceRow[]): readonly { readonly cause: string; readonly count: number }[] {
  const counts = new Map<string, number>()
  for (const { cause } of traces) counts.set(cause, (counts.get(cause) ?? 0) + 1)
  return [...counts].map(([cause, count]) => ({ cause, count })).toSorted((a, b) => b.count - a.count)
}

export const log: DashboardSection = {
  name: 'log',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<{ Params: { id: string } }>(`${CLIENTS}/:id/log`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const client = await requireClient(ctx, desk, request.params.id)
      if (!can(desk.actor, 'read', { kind: 'trace', owner: ownerOf(client) })) throw accessDenied('Your role does not allow this', { status: 403, detail: 'trace.read' })
      const language = requestLocale(request)
      const { has } = translator(language)
      const period = lastSevenDays(ctx.clock)
      // What was refused a moment ago belongs on the page.
      await ctx.diagnosis.flush()
      const traces = await listTraces(ctx.db, client.clientId, MOST)
      const words = (cause: string): string | undefined => (has(`diagnosis.cause.${cause}`) ? `diagnosis.cause.${cause}` : undefined)
      return page(reply, request, 'dashboard-log', {
        desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
        head: headOf(client, language, 'log'),
        people: await countConsents(ctx.db, client.key),
        ...useOf(await clientStatistics(ctx, client.clientId, period), period),
        causes: byCause(traces).map(({ cause, count }) => ({ cause, words: words(cause), count })),
        rows: traces.map(({ reference, at, endpoint, cause, level }) => ({ reference, at, endpoint, cause, words: words(cause), level, href: `/dashboard/diagnosis/${reference}` })),
        refreshHref: clientPath(client.clientId, 'log'),
      })
    })
  },
}
