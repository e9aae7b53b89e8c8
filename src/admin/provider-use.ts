import { FEWER_THAN_FIVE, lastSevenDays, newestFirst, peopleOfThisWeek, providerStatistics, sumOf, type Told } from '../audit/read-statistics.ts'
import type { Context } from '../context.ts'
import type { AdminCell, AdminFact, AdminTable } from '../http/admin-views.ts'
import { code, fact, number, word } from './cells.ts'

// How much a place to sign in is used: numbers only, and none in which somebody could be found.

function told(count: Told): AdminCell {
  return count === FEWER_THAN_FIVE ? word('fewer-than-five') : number(count)
}

/** What the page of a provider says of the last seven days. */
export async function providerUse(ctx: Context, providerId: string): Promise<{ readonly fact: AdminFact; readonly table: AdminTable }> {
  const period = lastSevenDays(ctx.clock)
  const use = await providerStatistics(ctx, providerId, period)
  const rows = newestFirst(use.days).map(({ day, logins, failures }) => ({ id: day, cells: [code(day), told(logins), number(sumOf(failures))] }))
  return { fact: fact('people-this-week', told(peopleOfThisWeek(use, period) ?? 0)), table: { name: 'use', columns: ['day', 'sign-ins', 'failed-sign-ins'], rows } }
}
