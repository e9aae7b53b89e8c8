import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe finds in a page: the rules of WCAG 2.2 AA and its best practices, with the elements. What passes is not described: that is half of its work. */
export async function axeFaults(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] }).withTags(RULES).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

/** What axe finds, and how many pixels the page is too wide, with all its details open. */
export async function lookOver(page: Page): Promise<{ readonly sideways: number; readonly faults: readonly string[] }> {
  await page.evaluate("document.querySelectorAll('main details').forEach((element) => { element.open = true })")
  const sideways = Number(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'))
  return { sideways, faults: await axeFaults(page) }
}
