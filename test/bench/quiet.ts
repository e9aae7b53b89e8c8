import { readFileSync } from 'node:fs'

// Owns what the host of a virtual machine gave to others meanwhile: the eighth figure of /proc/stat. A tenth of a second in which a machine
// does not run is in every time that is taken then, and is nobody's here. Only Linux tells; elsewhere nothing is known to be taken.

function ticks(): readonly number[] {
  try {
    return (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '').split(' ').slice(0, 8).map(Number)
  } catch {
    return []
  }
}

/** Does something, and says what share of the machine's processor time its host gave to others meanwhile. */
export async function withStolenShare<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly stolen: number }> {
  const before = ticks()
  const value = await work()
  const spent = ticks().map((now, i) => now - (before[i] ?? 0))
  const all = spent.reduce((sum, one) => sum + one, 0)
  return { value, stolen: all === 0 ? 0 : (spent[7] ?? 0) / all }
}

const WATCHED_EVERY_MS = 50
/** Before and after: what waited in a stolen moment is not yet done when it is over. */
const AROUND = 3

/** Says of moments, while it watches, whether the host took nothing around them. Milliseconds since the epoch. */
export interface Watch {
  wasQuiet(moment: number): boolean
  stop(): void
}

/** Watches what the host takes, twenty times a second. */
export function watchHost(): Watch {
  const seen: { readonly at: number; readonly taken: number }[] = []
  const timer = setInterval(() => seen.push({ at: performance.timeOrigin + performance.now(), taken: ticks()[7] ?? 0 }), WATCHED_EVERY_MS)
  function firstAfter(moment: number): number {
    let [low, high] = [0, seen.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((seen[middle]?.at ?? Infinity) > moment) high = middle
      else low = middle + 1
    }
    return low
  }
  return {
    wasQuiet: (moment) => {
      const next = firstAfter(moment)
      const [before, after] = [seen[next - AROUND], seen[next + AROUND - 1]]
      return before !== undefined && after !== undefined && before.taken === after.taken
    },
    stop: () => clearInterval(timer),
  }
}

/** A share of the processor that no figure shows. */
const NOTHING = 0.005

/** Whether there are as many as are wanted in which next to nothing was taken. */
export function areQuiet(rounds: readonly { readonly stolen: number }[], count: number): boolean {
  return rounds.filter(({ stolen }) => stolen <= NOTHING).length >= count
}

/** As many as are wanted, of those in which least was taken. */
export function quietest<T extends { readonly stolen: number }>(rounds: readonly T[], count: number): readonly T[] {
  return rounds.toSorted((a, b) => a.stolen - b.stolen).slice(0, count)
}

export function share(part: number): string {
  return `${(100 * part).toFixed(1)} %`
}
