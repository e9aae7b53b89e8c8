import axe from 'axe-core'
import type { Page } from 'playwright-core'

const ALL = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** Of what axe finds, what another colour scheme, width or direction can bring about. */
const OF_THE_LOOK = ['color-contrast', 'target-size', 'link-in-text-block']

/** What axe calls a fault, with the elements. What passes is not described: that is half of its work. */
async function run(page: Page, runOnly: readonly string[]): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const options = JSON.stringify({ resultTypes: ['violations'], runOnly })
  return page.evaluate(`axe.run(document, ${options}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`)
}

async function openDetails(page: Page): Promise<void> {
  await page.evaluate("document.querySelectorAll('main details').forEach((element) => { element.open = true })")
}

async function sidewaysPixels(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'))
}

/** What axe finds in a page: the rules of WCAG 2.2 AA and its best practices. */
export function axeFaults(page: Page): Promise<readonly string[]> {
  return run(page, ALL)
}

/** What axe finds, and how many pixels the page is too wide, with all its details open; `again` looks at what the look can change only. */
export async function lookOver(page: Page, again?: 'again'): Promise<{ readonly sideways: number; readonly faults: readonly string[] }> {
  await openDetails(page)
  return { sideways: await sidewaysPixels(page), faults: await run(page, again === undefined ? ALL : OF_THE_LOOK) }
}
