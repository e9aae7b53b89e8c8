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
