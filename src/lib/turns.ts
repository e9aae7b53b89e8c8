/**
 * A burst of one kind of request begins a few at a time: between them the event loop comes to everybody else's. Five hundred forms that
 * arrive within one moment would otherwise be read and answered before anything that came after the first of them.
 * Returns what waits for the caller's turn; at a quiet moment that is now.
 */
export function createTurns(most: number): () => Promise<void> {
  const line: (() => void)[] = []
  let begun = 0

  function begin(): void {
    begun = Math.min(most, line.length)
    for (const start of line.splice(0, begun)) start()
    if (begun > 0) setImmediate(begin)
  }

  return () => {
    if (begun === 0) setImmediate(begin)
    if (begun < most) {
      begun++
      return Promise.resolve()
    }
    return new Promise((resolve) => line.push(resolve))
  }
}
