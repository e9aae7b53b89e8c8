// Owns how many of something may go on at once, of one owner and of all together; nobody waits for a place. Held by the process.

export interface Places {
  /** Whether there is room for one more of this owner. */
  hasRoom(owner: string): boolean
  /** Takes a place, whether there is room or not: what has begun, has begun. Returns what gives it back, once. */
  take(owner: string): () => void
  /** Those taken by this owner. */
  count(owner: string): number
}

/** Places, all free. */
export function createPlaces({ ofOne, ofAll }: { readonly ofOne: number; readonly ofAll: number }): Places {
  const taken = new Map<string, number>()
  let all = 0
  const count = (owner: string): number => taken.get(owner) ?? 0
  return {
    count,
    hasRoom: (owner) => count(owner) < ofOne && all < ofAll,
    take: (owner) => {
      let isTaken = true
      taken.set(owner, count(owner) + 1)
      all += 1
      return () => {
        if (!isTaken) return
        isTaken = false
        all -= 1
        if (count(owner) === 1) taken.delete(owner)
        else taken.set(owner, count(owner) - 1)
      }
    },
  }
}
