// What the measuring process says to the load process, and hears.

/** Requests under a name: sent in turn, from the beginning again after the last one. */
export interface Define {
  readonly kind: 'define'
  readonly name: string
  readonly requests: readonly string[]
  /** Each answer's refresh token takes the place of the one that its request spent. */
  readonly rotates: boolean
}

/** As fast as the answers come: every connection has one request under way. */
export interface RunClosed {
  readonly kind: 'closed'
  readonly name: string
  readonly port: number
  readonly connections: number
  readonly count: number
}

/** As people come: at moments drawn at random, so many a second, whether earlier ones were answered or not. */
export interface RunOpen {
  readonly kind: 'open'
  readonly name: string
  readonly port: number
  readonly connections: number
  readonly perSecond: number
  readonly seconds: number
}

export type Order = Define | RunClosed | RunOpen

/** One request of an open run. */
export interface Asked {
  /** When it was due: milliseconds since the epoch. */
  readonly due: number
  /** Milliseconds until its answer was there. */
  readonly took: number
}

export interface Latencies {
  readonly count: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly most: number
  /** Of an open run, each one's: those of several runs together say more than the median of their percentiles. */
  readonly asked: readonly Asked[]
  readonly failures: number
  /** The first answer that was not 200. */
  readonly firstFailure: string | undefined
}
