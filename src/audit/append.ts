import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import { type ChainEnd, digestOf, type EventRow, sealOf } from './chain.ts'
import { readEnds } from './chain-store.ts'
import { insertEvents } from './store.ts'

// Owns appending: without a lock that is held from one statement to the next. A writer remembers where it left the head, and writes if the head
// still is there; if another was first it looks again. Of all writers at once one always gets on.

/** Writes events at the end of the chain, all or none. Throws what the database throws, and Error when others were always first. */
export type Append = (rows: readonly EventRow[]) => Promise<void>

const TRIES = 50

export function createAppender(db: Kysely<Database>, key: Buffer): Append {
  let known: ChainEnd | undefined

  async function tryAppend(head: ChainEnd, rows: readonly EventRow[]): Promise<ChainEnd | undefined> {
    let end = head
    const chained = rows.map((row) => {
      const seq = end.seq + 1
      end = { seq, digest: digestOf(key, end.digest, seq, row) }
      return { ...row, ...end }
    })
    return (await insertEvents(db, chained, head, { ...end, seal: sealOf(key, 'head', end) })) ? end : undefined
  }

  return async (rows) => {
    let head = known
    // Whatever happens now, the head may have moved.
    known = undefined
    for (let tries = 0; tries < TRIES; tries++) {
      head ??= (await readEnds(db))?.head
      if (head === undefined) break
      known = await tryAppend(head, rows)
      if (known !== undefined) return
      head = undefined
    }
    throw new Error('the end of the audit chain could not be reached')
  }
}
