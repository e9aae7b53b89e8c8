// Owns the two ways to end: asked once, everything is finished in order; asked again, at once.

/** npm passes Ctrl-C on to a process that has it from the terminal already: twice within this time is once. */
const SAME_MS = 1000

/** Resolves at the first SIGINT or SIGTERM. A second one later ends the process with status 1, unfinished. */
export function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    let asked: number | undefined
    const onSignal = (): void => {
      if (asked === undefined) {
        asked = performance.now()
        resolve()
      } else if (performance.now() - asked > SAME_MS) process.exit(1)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
