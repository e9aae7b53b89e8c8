// Owns writing down, again and again, what waits in memory: one write after the other, and on demand at once.

export interface RepeatedWriting {
  /** Writes what is waiting. */
  flush(): Promise<void>
  /** Writes a last time, and no more. */
  close(): Promise<void>
}

/** Calls `write` every so many milliseconds, unless it is at it. `write` says itself what became of it: it does not throw. */
export function writeRepeatedly(everyMilliseconds: number, write: () => Promise<void>): RepeatedWriting {
  let writing = Promise.resolve()
  let queued = 0
  const flush = (): Promise<void> => {
    queued++
    writing = writing.then(write).finally(() => void queued--)
    return writing
  }
  const timer = setInterval(() => {
    if (queued === 0) void flush()
  }, everyMilliseconds)
  timer.unref()
  return {
    flush,
    close: async () => {
      clearInterval(timer)
      await flush()
    },
  }
}
