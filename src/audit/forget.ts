import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import { sealOf } from './chain.ts'
import { readEnds } from './chain-store.ts'
import { deleteEventsUpTo, digestFor, listChained } from './store.ts'

/**
 * Forgets at most `limit` of the oldest events, as far as all of them are from before `before`: never one from the middle. The last one that
 * goes becomes the anchor, with its digest and a seal of ours, so that what is left still verifies. Returns how many.
 */
export async function forgetEvents(db: Kysely<Database>, key: Buffer, before: Date, limit: number): Promise<number> {
  const anchor = (await readEnds(db))?.anchor
  if (anchor === undefined) return 0
  const oldest = await listChained(db, anchor.seq, limit)
  const firstKept = oldest.findIndex(({ at }) => at >= before)
  const old = firstKept < 0 ? oldest : oldest.slice(0, firstKept)
  const last = old.at(-1)
  if (last === undefined) return 0
  const end = { seq: last.seq, digest: digestFor(last) }
  return (await deleteEventsUpTo(db, anchor, { ...end, seal: sealOf(key, 'anchor', end) })) ? old.length : 0
}
