import type { Binaries } from './binaries.ts'
import type { Cluster } from './initialise.ts'
import type { Log } from './log-lines.ts'
import type { Place } from './place.ts'

/** What a server is started from, on every system. */
export interface LaunchInput {
  readonly binaries: Binaries
  readonly place: Place
  readonly cluster: Cluster
  readonly settings: Readonly<Record<string, string>>
  /** Directory for the socket; chosen when left out. */
  readonly socketDir?: string | undefined
  readonly log: Log
}

export interface Launched {
  readonly pid: number
  /** Lets go of the process, so that ours can end while it goes on. */
  release: () => void
}
