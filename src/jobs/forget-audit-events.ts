import type { Context } from '../context.ts'
import { inBatches } from './batches.ts'
import type { Job } from './job.ts'

const DAY_MS = 86_400_000

async function run(ctx: Context, stopping: () => boolean): Promise<number> {
  const before = new Date(ctx.clock.now() - ctx.config.auditDays * DAY_MS)
  return inBatches((limit) => ctx.audit.forget(before, limit), stopping)
}

/** Forgets events that are older than the operator wants to keep them. */
export const forgetAuditEventsJob: Job = { name: 'forget-audit-events', everySeconds: 3600, run }
