import { dayOf, weekOf } from '../audit/statistics.ts'
import { closeWeeks, deleteCountsBefore } from '../audit/statistics-store.ts'
import { inBatches } from './batches.ts'
import type { Job } from './job.ts'

// When a week is over, the people in it become a number, and the key that their marks were made with goes. Sums go after 400 days.

/** For what other processes have not written yet. */
const LATE_MS = 60_000
const KEPT_MS = 400 * 86_400_000

export const closeStatisticsJob: Job = {
  name: 'close-statistics',
  everySeconds: 600,
  run: async ({ db, clock }, stopping) => {
    const now = clock.now()
    const closed = await closeWeeks(db, weekOf(now - LATE_MS))
    return closed + (await inBatches((limit) => deleteCountsBefore(db, dayOf(now - KEPT_MS), limit), stopping))
  },
}
