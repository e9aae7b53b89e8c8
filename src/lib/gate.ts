// Work that is dear is let in a few at a time; the rest wait in line, which costs nothing, and whoever would wait too long is told at once.

export interface Gate {
  /** Waits for its turn. Returns what lets the next one in, or nothing when the line is too long or the wait was. */
  enter(): Promise<(() => void) | undefined>
  /** Nobody more would be let in in time. */
  isFull(): boolean
}

export interface GateOptions {
  readonly inside: number
  readonly waiting: number
  /** Longest wait. */
  readonly milliseconds: number
}

const LATEST_SHARE = 0.1

export function createGate({ inside: most, waiting: longest, milliseconds }: GateOptions): Gate {
  const line: ((isIn: boolean) => void)[] = []
  let inside = 0
  /** Milliseconds that one usually stays inside; the last ones count most. */
  let usual = 0

  function leave(): void {
    const next = line.shift()
    if (next === undefined) inside--
    else next(true)
  }

  function isFull(): boolean {
    return line.length >= longest || ((line.length + 1) * usual) / most > milliseconds
  }

  function once(): () => void {
    let left = false
    const since = performance.now()
    return () => {
      if (left) return
      left = true
      usual += (performance.now() - since - usual) * LATEST_SHARE
      leave()
    }
  }

  return {
    isFull: () => inside >= most && isFull(),
    enter: async () => {
      if (inside < most) {
        inside++
        return once()
      }
      if (isFull()) return undefined
      const isIn = await new Promise<boolean>((resolve) => {
        const turn = (mine: boolean): void => {
          clearTimeout(timer)
          resolve(mine)
        }
        const timer = setTimeout(() => {
          line.splice(line.indexOf(turn), 1)
          resolve(false)
        }, milliseconds)
        line.push(turn)
      })
      return isIn ? once() : undefined
    },
  }
}
