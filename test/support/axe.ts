import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

function axe(page: Page): AxeBuilder {
  return new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] })
}

function faultsOf({ violations }: Awaited<ReturnType<AxeBuilder['analyze']>>): readonly string[] {
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

async function openDetails(page: Page): Promise<void> {
  await page.evaluate("document.querySelectorAll('main details').forEach((element) => { element.open = true })")
}

async function sidewaysPixels(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'))
}

/** What axe finds in a page: the rules of WCAG 2.2 AA and its best practices, with the elements. What passes is not described: that is half of its work. */
export async function axeFaults(page: Page): Promise<readonly string[]> {
  return faultsOf(await axe(page).withTags(RULES).analyze())
}

/** Of what axe finds, what another colour scheme, width or direction can bring about. */
export async function lookAgain(page: Page): Promise<{ readonly sideways: number; readonly faults: readonly string[] }> {
  await openDetails(page)
  return { sideways: await sidewaysPixels(page), faults: faultsOf(await axe(page).withRules(['color-contrast', 'target-size', 'link-in-text-block']).analyze()) }
}

/** What axe finds, and how many pixels the page is too wide, with all its details open. */
export async function lookOver(page: Page): Promise<{ readonly sideways: number; readonly faults: readonly string[] }> {
  await openDetails(page)
  return { sideways: await sidewaysPixels(page), faults: await axeFaults(page) }
}
