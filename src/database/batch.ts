import { temporarilyUnavailable } from '../protocol/error.ts'
import { isDatabaseUnavailable, isRetryable } from './unavailable.ts'

// Natural batching: while a statement is on its way, what arrives waits and goes together as one set-based statement. Alone, a request
// waits for nothing; under load a commit is shared by many. Each caller gets its own row, nothing, or its own failure.

export interface BatchOptions<I, O> {
  /** Rows in the order of the items; `undefined` where the statement returned none for that item. */
  readonly run: (items: readonly I[]) => Promise<readonly (O | undefined)[]>
  /** Items are sorted by it, so that two processes lock rows in the same order. */
  readonly key: (item: I) => string
  /** False runs every item alone. */
  readonly together: boolean
}

interface Waiting<I, O> {
  readonly item: I
  readonly resolve: (value: O | undefined) => void
  readonly reject: (error: unknown) => void
}

const MOST_ROWS = 256
const LONGEST_QUEUE = 4096
/** While no more rows than these are on their way, a second statement may follow: at two connections nobody waits for the other. */
const FEW = 2

/** A function that answers one item at a time and asks the database for many. Throws `temporarily_unavailable` when the queue is full. */
export function createBatch<I, O>(options: BatchOptions<I, O>): (item: I) => Promise<O | undefined> {
  const queue: Waiting<I, O>[] = []
  let inFlight = 0
  /** Rows of the last batch that was sent. */
  let flying = 0
  let scheduled = false

  async function alone(waiting: Waiting<I, O>): Promise<void> {
    try {
      const [row] = await options.run([waiting.item])
      waiting.resolve(row)
    } catch (error) {
      waiting.reject(error)
    }
  }

  async function run(batch: readonly Waiting<I, O>[], again = true): Promise<void> {
    try {
      const rows = await options.run(batch.map((waiting) => waiting.item))
      for (const [i, waiting] of batch.entries()) waiting.resolve(rows[i])
    } catch (error) {
      if (again && isRetryable(error)) return run(batch, false)
      // One poisoned row must not fail its neighbours; a database that is gone fails them all, at once.
      if (batch.length > 1 && !isDatabaseUnavailable(error)) for (const waiting of batch) await alone(waiting)
      else for (const waiting of batch) waiting.reject(error)
    }
  }

  // Under load one statement at a time: two would share the rows between them, and each costs a round trip, a commit and a wake-up.
  function mayFly(): boolean {
    return inFlight === 0 || (inFlight === 1 && (flying <= FEW || !options.together))
  }

  function flush(): void {
    scheduled = false
    while (queue.length > 0 && mayFly()) {
      const batch = queue.splice(0, options.together ? MOST_ROWS : 1)
      if (batch.length > 1) batch.sort((a, b) => (options.key(a.item) < options.key(b.item) ? -1 : 1))
      inFlight++
      flying = batch.length
      void run(batch).finally(() => {
        inFlight--
        if (queue.length > 0) flush()
      })
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      if (queue.length >= LONGEST_QUEUE) {
        reject(temporarilyUnavailable('The server is busy'))
        return
      }
      queue.push({ item, resolve, reject })
      if (scheduled || !mayFly()) return
      scheduled = true
      // After the sockets of this turn of the event loop have been read: what arrived together goes together.
      setImmediate(flush)
    })
}
