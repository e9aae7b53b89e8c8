// The least that a coalesced statement costs: while one is on its way, what arrives waits and goes together. No bounds, no retries, no
// failures of single rows: the product's own has those, and is measured against this.

interface Waiting<I, O> {
  readonly item: I
  readonly resolve: (value: O | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Answers one item at a time, asks for many. */
export function naturalBatch<I, O>(run: (items: readonly I[]) => Promise<ReadonlyMap<I, O>>): (item: I) => Promise<O | undefined> {
  let waiting: Waiting<I, O>[] = []
  let busy = false
  async function flush(): Promise<void> {
    busy = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        const found = await run(batch.map(({ item }) => item))
        for (const { item, resolve } of batch) resolve(found.get(item))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    busy = false
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!busy) void flush()
    })
}
