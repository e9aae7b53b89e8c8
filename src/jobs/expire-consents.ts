import { expireConsents } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import { inBatches } from './batches.ts'
import type { Job } from './job.ts'

// Writes down that the time of a consent is over, so that its client reads it in the feed. Nothing waits for it: whoever asks about a
// consent or a token of it compares the time.

function run(ctx: Context, stopping: () => boolean): Promise<number> {
  return inBatches((limit) => expireConsents(ctx, limit), stopping)
}

export const expireConsentsJob: Job = { name: 'expire-consents', everySeconds: 10, run }
