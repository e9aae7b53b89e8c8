/** Runs at most one `load` at a time, for all who came before it began: who comes meanwhile shares the next, so nobody gets what was read before they came. */
export function nextFlight<T>(load: () => Promise<T>): () => Promise<T> {
  let flying: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  return () => {
    next ??= flying.then(() => {
      next = undefined
      const answer = load()
      flying = answer.catch(() => undefined)
      return answer
    })
    return next
  }
}
