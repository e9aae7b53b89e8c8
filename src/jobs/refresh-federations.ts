import type { Context } from '../context.ts'
import { importFederation } from '../upstream/federation/import.ts'
import { retireExpired, retireFederation } from '../upstream/federation/retire.ts'
import { listDueFederations } from '../upstream/federation/store.ts'
import type { Job } from './job.ts'

// Imports federations when their time has come: when they were declared, and as often as their metadata asks for. Asked often, so that a
// declaration is imported soon after it was made; the question is a look at a table of a few rows.

const STOPPING_MS = 500

async function run(ctx: Context, stopping: () => boolean): Promise<number> {
  const end = new AbortController()
  const watch = setInterval(() => {
    if (stopping()) end.abort()
  }, STOPPING_MS)
  try {
    let count = await retireExpired(ctx)
    for (const state of await listDueFederations(ctx.db)) {
      if (stopping()) break
      const counts = state.document.disabled ? await retireFederation(ctx, state) : await importFederation(ctx, state, end.signal)
      count += counts === undefined ? 0 : counts.written + counts.disabled
    }
    return count
  } finally {
    clearInterval(watch)
  }
}

export const refreshFederationsJob: Job = { name: 'refresh-federations', everySeconds: 15, run }
