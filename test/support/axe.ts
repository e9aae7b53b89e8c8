import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { BrowserContext, Page } from 'playwright-core'

const ALL = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** Of what axe finds, what another colour scheme, width or direction can bring about. */
const OF_THE_LOOK = ['color-contrast', 'target-size', 'link-in-text-block']

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// Reading a colour is a quarter of axe's work, and a page has a dozen of them in thousands of places: each is read once.
const READ_COLOURS_ONCE = `{
  const { prototype } = axe.commons.color.Color
  const { parseString } = prototype
  const known = new Map()
  prototype.parseString = function (text) {
    const colour = known.get(text)
    if (colour === undefined) {
      parseString.call(this, text)
      known.set(text, { r: this.r, g: this.g, b: this.b, alpha: this.alpha })
      return this
    }
    return Object.assign(this, colour)
  }
}`

/** Every page of the context brings axe along: the browser keeps what it read of it, which an evaluation of the text would not let it. For a context whose every page is looked over. */
export async function bringAxe(context: BrowserContext): Promise<void> {
  await context.addInitScript({ content: `${AXE};${READ_COLOURS_ONCE}` })
}

const bringing = new WeakSet<BrowserContext>()

/** For the page that is shown, and for those that come: who is looked at once is looked at again. */
async function bring(page: Page): Promise<void> {
  const context = page.context()
  if (!bringing.has(context)) {
    bringing.add(context)
    await bringAxe(context)
  }
  await page.evaluate(`${AXE};${READ_COLOURS_ONCE}`)
}

/** What axe calls a fault, with the elements. What passes is not described: that is half of its work. */
async function run(page: Page, runOnly: readonly string[]): Promise<readonly string[]> {
  if (await page.evaluate("typeof axe === 'undefined'")) await bring(page)
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
