import { expect } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { type Begun, begin, chooseProvider, linkOf } from '../journeys/person.ts'
import type { Mailbox } from '../support/mailbox.ts'

// The way of somebody who has forgotten a password, one step a function.

export interface OnTheWay extends Begun {
  readonly browser: Browser
}

/** From a client to the sign-in page of a provider. */
export async function toLogin(server: TestServer, providerId = 'ntu', headers: Readonly<Record<string, string>> = {}): Promise<OnTheWay> {
  const browser = newBrowser(server.issuer, headers)
  const { page, pkce } = await begin(browser, server.issuer)
  return { browser, pkce, page: await chooseProvider(browser, page, providerId) }
}

/** Asks for a mail on the page behind "Forgotten password". */
export async function forget(server: TestServer, username: string, way?: OnTheWay): Promise<OnTheWay> {
  const { browser, pkce, page } = way ?? (await toLogin(server))
  const asked = await browser.open(linkOf(page, 'Forgotten password'))
  return { browser, pkce, page: await browser.submit(asked, 'username', { username }) }
}

/** The address in the mail that comes. */
export async function mailedLink(server: TestServer, mailbox: Mailbox, address: string): Promise<string> {
  const { text, html, subject } = await mailbox.next(address)
  if (subject === 'Your password was changed') return mailedLink(server, mailbox, address)
  const link = new RegExp(`^${server.issuer}/recovery/ptr_rl_[\\w-]+$`, 'm').exec(text)?.[0] ?? ''
  expect(link).not.toBe('')
  expect(html).toContain(`href="${link}"`)
  return link
}

export function choose(browser: Browser, page: Page, password: string): Promise<Page> {
  expect(pageName(page)).toBe('reset')
  return browser.submit(page, 'password', { password })
}
