import { totpCode, TOTP_STEP_SECONDS } from '../../src/lib/totp.ts'
import { saveTotpSecret } from '../../src/users/totp-secrets.ts'
import { findLocalUser } from '../../src/users/store.ts'
import type { TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import type { Parameters, Pkce } from '../support/relying-party.ts'
import { begin, chooseProvider, signIn } from '../journeys/person.ts'

// What a person with a second factor does, one click a function.

export const LINS_SECRET = Buffer.from('lin has a phone here')

export async function userIdOf(server: TestServer, username: string, organization = username === 'kai' ? 'lunmal' : 'ntu'): Promise<string> {
  const user = await findLocalUser(server.ctx.db, organization, username)
  if (user === undefined) throw new Error(`nobody is called ${username}`)
  return user.userId
}

/** Gives somebody an authenticator app whose codes nobody has used yet. */
export async function giveApp(server: TestServer, username: string, secret = LINS_SECRET): Promise<void> {
  await saveTotpSecret(server.ctx, server.ctx.db, await userIdOf(server, username), secret, 0)
}

/** What the app shows now, or `steps` of thirty seconds later. */
export function codeNow(server: TestServer, steps = 0, secret = LINS_SECRET): string {
  return totpCode(secret, Math.floor(server.ctx.clock.now() / 1000 / TOTP_STEP_SECONDS) + steps)
}

/** A code of six digits that is none of those that are taken now or were of late. */
export function wrongCode(server: TestServer, secret = LINS_SECRET): string {
  const good = new Set(Array.from({ length: 30 }, (_, i) => codeNow(server, i - 20, secret)))
  for (let i = 0; ; i++) if (!good.has(String(i).padStart(6, '0'))) return String(i).padStart(6, '0')
}

export interface HalfWay {
  readonly browser: Browser
  readonly page: Page
  readonly pkce: Pkce
}

/** As far as the page after the password. */
export async function afterPassword(server: TestServer, username = 'lin', changes: Parameters = {}, onLogin: Readonly<Record<string, string>> = {}, browser = newBrowser(server.issuer)): Promise<HalfWay> {
  const { page: first, pkce } = await begin(browser, server.issuer, changes)
  let page = first
  if (pageName(page) === 'chooser') page = await browser.open(`${new URL(page.url).pathname.replace(/\/[^/]*$/, '')}/other`)
  if (pageName(page) === 'discovery') page = await chooseProvider(browser, page, username === 'kai' ? 'lunmal' : 'ntu')
  return { browser, page: await signIn(browser, page, username, onLogin), pkce }
}

export function enterCode(browser: Browser, page: Page, code: string, changes: Readonly<Record<string, string>> = {}): Promise<Page> {
  return browser.submit(page, 'code', { code, ...changes })
}

/** What a page says is wrong with a code. */
export function complaint(page: Page): string {
  return (/id="code-error"[^>]*>([^<]*)</.exec(page.html)?.[1] ?? '').trim()
}
