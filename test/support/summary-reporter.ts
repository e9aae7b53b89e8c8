import type { Reporter, TestModule } from 'vitest/node'

// One line for people and machines that count: `12 passed, 0 failed, 1 skipped`. A file that could not be loaded counts as a failure.

function countFile(file: TestModule, count: { passed: number; failed: number; skipped: number }): void {
  for (const test of file.children.allTests()) {
    const { state } = test.result()
    if (state !== 'pending') count[state] += 1
  }
  if (file.errors().length > 0) count.failed += 1
}

/** Prints the counts of the whole run, alone on the last line, and before it the names of what was skipped. */
export function summaryReporter(): Reporter {
  return {
    onTestRunEnd(files, unhandled) {
      const count = { passed: 0, failed: 0, skipped: 0 }
      for (const file of files) countFile(file, count)
      count.failed += unhandled.length
      const skipped = files.flatMap((file) => [...file.children.allTests('skipped')].map((test) => test.fullName))
      // After vitest's own summary, which is written when this hook of every reporter has been called.
      process.once('exit', () => {
        if (skipped.length > 0) process.stdout.write(`skipped: ${skipped.join(' · ')}\n`)
        process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`)
      })
    },
  }
}
