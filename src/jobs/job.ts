import type { Context } from '../context.ts'

/** Work that is done again and again, by one process at a time. */
export interface Job {
  readonly name: string
  /** Seconds between the end of one run and the start of the next. */
  readonly everySeconds: number
  /** Does it once and says how many things it dealt with. `stopping` turns true when the process ends: return soon then. */
  run(ctx: Context, stopping: () => boolean): Promise<number>
}
