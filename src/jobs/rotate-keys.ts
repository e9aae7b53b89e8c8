import type { Context } from '../context.ts'
import { deleteDepartedKeys, rotateKeys } from '../keys/store.ts'
import type { Job } from './job.ts'

/** A signing key signs for 90 days. */
const OLDEST_SECONDS = 90 * 86_400

async function run(ctx: Context): Promise<number> {
  const made = await rotateKeys(ctx.db, ctx.sealing, OLDEST_SECONDS)
  if (made.length > 0) ctx.audit.record({ event: 'keys.rotated', kids: made })
  return made.length + (await deleteDepartedKeys(ctx.db))
}

export const rotateKeysJob: Job = { name: 'rotate-keys', everySeconds: 3600, run }
