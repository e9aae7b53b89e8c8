import type { Browser, Page } from './browser.ts'
import { walk } from './relying-party.ts'

// Getting to the account pages in stories about them.

/** Opens an account page as somebody, signing in on the way where that is asked. */
export async function openAccount(browser: Browser, path = '/account', username = 'ada'): Promise<Page> {
  return walk(browser, await browser.open(path), username)
}

/** Which of the account pages a page is: its `data-view`. */
export function viewName(page: Page): string | undefined {
  return /<html[^>]*data-view="([^"]+)"/.exec(page.html)?.[1]
}

/** The text of the first element with an id, without tags. */
export function textById(page: Page, id: string): string | undefined {
  const found = new RegExp(`<(\\w+)[^>]*\\bid="${id}"[^>]*>([\\s\\S]*?)</\\1>`).exec(page.html)?.[2]
  return found?.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ').trim()
}

export interface Entry {
  readonly id: string
  readonly text: string
  /** Where its first link leads, or its first form goes. */
  readonly href: string
}

/** The rows of a list whose items carry `data-<name>`: applications, sessions, what a device remembers. */
export function entries(page: Page, name: string): readonly Entry[] {
  return [...page.html.matchAll(new RegExp(`<li[^>]*data-${name}="([^"]+)"[^>]*>([\\s\\S]*?)\\n</li>`, 'g'))].map(([, id = '', inner = '']) => ({
    id,
    text: inner.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ').trim(),
    href: /(?:href|action)="([^"]+)"/.exec(inner)?.[1] ?? '',
  }))
}
