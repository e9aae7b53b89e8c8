import { FEWER_THAN_FIVE, providerStatistics, type Told } from '../audit/read-statistics.ts'
import { dayOf } from '../audit/statistics.ts'
import type { Context } from '../context.ts'
import type { AdminCell, AdminFact, AdminTable } from '../http/admin-views.ts'
import { code, fact, number, word } from './cells.ts'

// How much a place to sign in is used: numbers only, and none in which somebody could be found.

const DAYS = 7
const DAY_MS = 86_400_000

function told(count: Told): AdminCell {
  return count === FEWER_THAN_FIVE ? word('fewer-than-five') : number(count)
}

/** What the page of a provider says of the last seven days. */
export async function providerUse(ctx: Context, providerId: string): Promise<{ readonly fact: AdminFact; readonly table: AdminTable }> {
  const now = ctx.clock.now()
  const from = dayOf(now - (DAYS - 1) * DAY_MS)
  const { days, weeks } = await providerStatistics(ctx, providerId, { from, to: dayOf(now) })
  // The Monday of this week is within the last seven days.
  const people = weeks.find(({ week }) => week >= from)?.people ?? 0
  const rows = days.toSorted((a, b) => b.day.localeCompare(a.day)).map(({ day, logins, failures }) => ({ id: day, cells: [code(day), told(logins), number(Object.values(failures).reduce((sum, count) => sum + count, 0))] }))
  return { fact: fact('people-this-week', told(people)), table: { name: 'use', columns: ['day', 'sign-ins', 'failed-sign-ins'], rows } }
}
