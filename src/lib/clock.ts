/** The process's idea of now. Expiry is decided by the database's clock; this one dates what we sign and draw. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** Whole seconds since the epoch, the unit of every JWT and of `auth_time`. */
export function epochSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000)
}

export interface MovableClock extends Clock {
  move(offsetMilliseconds: number): void
}

/** A clock that tests may set ahead or back. */
export function movableClock(): MovableClock {
  let offset = 0
  return {
    now: () => Date.now() + offset,
    move: (milliseconds) => {
      offset = milliseconds
    },
  }
}
