import { forgetEvents } from '../consents/events.ts'
import type { Context } from '../context.ts'
import { alongKey } from './batches.ts'
import type { Job } from './job.ts'

// Takes old events out of the feeds of clients, from the front: what is left has no hole, and a feed says where it begins.

function run(ctx: Context, stopping: () => boolean): Promise<number> {
  const forgetSome = async (batch: number, limit: number) => {
    const deleted = await forgetEvents(ctx, ctx.config.consentEventDays, limit)
    return deleted === 0 ? undefined : { deleted, upTo: batch + 1 }
  }
  return alongKey(0, forgetSome, stopping)
}

export const forgetConsentEventsJob: Job = { name: 'forget-consent-events', everySeconds: 3600, run }
