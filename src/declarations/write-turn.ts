import { type Context, perContext } from '../context.ts'

const last = perContext(() => ({ turn: Promise.resolve<unknown>(undefined) }))

/**
 * One change at a time in this process: a hundred at once wait here, where it costs nothing, and not each with a database connection. Between
 * processes the database decides (lock.ts).
 */
export function writeTurn<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
  const line = last(ctx)
  const mine = line.turn.then(work, work)
  line.turn = mine.catch(() => undefined)
  return mine
}
