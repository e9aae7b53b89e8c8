// Owns what keeps one peer that does not answer from taking everybody's time: at most so many requests to it at once, a bounded queue in
// front, and after several silences in a row a pause in which nobody waits for it (one try at its end decides). Held by the process: each
// process finds out for itself, within seconds. Knows nothing of what is asked, nor of whom.

/** Thrown instead of asking: the peer has just not answered, or too many are waiting for it. */
export class CircuitOpen extends Error {
  readonly reason: 'silent' | 'busy'
  constructor(reason: CircuitOpen['reason']) {
    super('not asked')
    this.reason = reason
  }
}

export interface CircuitOptions {
  readonly atOnce: number
  readonly waiting: number
  /** So many silences in a row open the circuit. */
  readonly failures: number
  /** Milliseconds in which nobody asks. */
  readonly pause: number
  /** Which errors are silences; all others are answers, but those that say nothing of the peer: then nothing is given back. */
  readonly isSilence: (error: unknown) => boolean | undefined
  /** Told when nobody asks any more, and when the peer has answered again. */
  readonly onChange?: (isOpen: boolean) => void
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
}

export interface Circuit {
  /** Does the work, in turn; whoever still waits at `signal` goes. Throws what the work throws, or CircuitOpen. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
  /** Nobody asks at the moment. */
  isOpen(): boolean
  /** Nothing runs, waits or is remembered. */
  isIdle(): boolean
}

/** The circuit in front of one peer. */
export function createCircuit({ atOnce, waiting, failures, pause, isSilence, onChange, now = () => performance.now() }: CircuitOptions): Circuit {
  const queue: (() => void)[] = []
  let running = 0
  let silences = 0
  let closedAgainAt = 0
  let probing = false

  const isOpen = (): boolean => silences >= failures && (now() < closedAgainAt || probing)

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    if (running < atOnce) {
      running += 1
      return
    }
    if (queue.length >= waiting) throw new CircuitOpen('busy')
    // Whoever ends hands the place on: it is never free in between.
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = (): void => {
        queue.splice(queue.indexOf(go), 1)
        reject(new CircuitOpen('busy'))
      }
      queue.push(go)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  function leave(): void {
    const next = queue.shift()
    if (next === undefined) running -= 1
    else next()
  }

  function note(error: unknown): void {
    const wasSilent = error !== undefined && isSilence(error)
    if (wasSilent === undefined) return
    const before = silences
    silences = wasSilent ? silences + 1 : 0
    if (silences >= failures) closedAgainAt = now() + pause
    if (before < failures !== silences < failures) onChange?.(silences >= failures)
  }

  async function ask<T>(work: () => Promise<T>): Promise<T> {
    // Asked once more after the wait: who stood in line must not each find out anew.
    if (isOpen()) throw new CircuitOpen('silent')
    const isProbe = silences >= failures
    if (isProbe) probing = true
    try {
      const value = await work()
      note(undefined)
      return value
    } catch (error) {
      note(error)
      throw error
    } finally {
      if (isProbe) probing = false
    }
  }

  return {
    isOpen,
    isIdle: () => running === 0 && silences === 0,
    run: async (work, signal) => {
      if (isOpen()) throw new CircuitOpen('silent')
      await turn(signal)
      try {
        return await ask(work)
      } finally {
        leave()
      }
    },
  }
}
