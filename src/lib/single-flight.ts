/** Runs at most one `load` at a time; who comes meanwhile gets the same promise. */
export function singleFlight<T>(load: () => Promise<T>): () => Promise<T> {
  let flying: Promise<T> | undefined
  return () => {
    flying ??= load().finally(() => {
      flying = undefined
    })
    return flying
  }
}
