import { readFileSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// What drives a browser takes longest, and what stands alone at the end keeps one core waiting. The longest of all is the look at every page.

const MOST = /pages\/browser/
const BROWSER = /chromium|axe/i

function weight({ moduleId }: TestSpecification): number {
  return MOST.test(moduleId) ? 2 : Number(BROWSER.test(readFileSync(moduleId, 'utf8')))
}

/** Files that drive a browser come first, the others as the runner likes. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => weight(b) - weight(a))
  }
}
