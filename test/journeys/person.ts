import { sql } from 'kysely'
import type { TestServer } from '../support/app.ts'
import { type Browser, forms, newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, newPkce, type Parameters, type Pkce, post, providerLink } from '../support/relying-party.ts'
import { CALLBACK } from '../support/world.ts'

// What a person does on the pages, one click a function.

export const PASSWORDS: Readonly<Record<string, string>> = { ada: 'ada has a password', lin: 'lin has a password', kai: 'kai has a password' }

/** A request on its way: the page it led to, and what the client needs for the answer. */
export interface Begun {
  readonly page: Page
  readonly pkce: Pkce
}

/** Opens an authorization request of `planner`, or with changes of another client. */
export async function begin(browser: Browser, issuer: string, changes: Parameters = {}): Promise<Begun> {
  const pkce = newPkce()
  return { page: await browser.open(authorizationUrl(issuer, pkce, changes)), pkce }
}

export function chooseProvider(browser: Browser, page: Page, providerId: string): Promise<Page> {
  return browser.open(providerLink(page, providerId))
}

export function signIn(browser: Browser, page: Page, username: string, changes: Readonly<Record<string, string>> = {}): Promise<Page> {
  return browser.submit(page, 'username', { username, password: PASSWORDS[username] ?? '', ...changes })
}

export function decide(browser: Browser, page: Page, decision: 'allow' | 'deny', optional: readonly string[] = []): Promise<Page> {
  return browser.submit(page, 'decision', { decision, optional_scope: optional })
}

export interface Row {
  readonly id: string
  readonly text: string
}

/** The rows of the chooser and of the list where accounts are removed, as text without tags. */
export function accountRows(page: Page): readonly Row[] {
  return [...page.html.matchAll(/data-account="([^"]+)"([\s\S]*?)<\/li>/g)].map(([, id = '', inner = '']) => ({ id, text: inner.replaceAll(/<[^>]*>/g, ' ').replace(/^[^>]*>/, '').replaceAll(/\s+/g, ' ').trim() }))
}

export function pick(browser: Browser, page: Page, name: string): Promise<Page> {
  const row = accountRows(page).find(({ text }) => text.includes(name))
  if (row === undefined) throw new Error(`${name} is not among ${accountRows(page).map(({ text }) => text).join(', ')}`)
  return browser.submit(page, 'account', { account: row.id })
}

/** A link of a page by its id, or by its visible words. */
export function linkOf(page: Page, idOrWords: string): string {
  for (const [, attributes = '', inner = ''] of page.html.matchAll(/<a ([^>]*)>([\s\S]*?)<\/a>/g)) {
    if (!attributes.includes(`id="${idOrWords}"`) && inner.replaceAll(/<[^>]*>/g, '').trim() !== idOrWords) continue
    return (/href="([^"]*)"/.exec(attributes)?.[1] ?? '').replaceAll('&amp;', '&')
  }
  throw new Error(`no link ${idOrWords} on ${page.url}:\n${page.html}`)
}

/** Whether a page has any way on: a form, or a link inside `main`. */
export function leadsOn(page: Page): boolean {
  const main = /<main[\s\S]*<\/main>/.exec(page.html)?.[0] ?? ''
  return main.includes('<form') || /<a [^>]*href="[^"]/.test(main)
}

/** The first sign-in of a person in a browser, up to the answer. */
export async function firstSignIn(browser: Browser, issuer: string, username: string, changes: Parameters = {}, onLogin: Readonly<Record<string, string>> = {}): Promise<Page> {
  let { page } = await begin(browser, issuer, changes)
  if (pageName(page) === 'chooser') page = await browser.open(linkOf(page, 'chooser-other'))
  if (pageName(page) === 'discovery') page = await chooseProvider(browser, page, username === 'kai' ? 'lunmal' : 'ntu')
  page = await signIn(browser, page, username, onLogin)
  if (pageName(page) === 'consent') page = await decide(browser, page, 'allow')
  answerOf(page)
  return page
}

/** A browser in which somebody has signed in and let `planner` have everything it asks here. */
export async function browserOf(issuer: string, username: string, changes: Parameters = {}): Promise<Browser> {
  const browser = newBrowser(issuer)
  await firstSignIn(browser, issuer, username, changes)
  return browser
}

export interface Redeemed {
  readonly scope: unknown
  readonly accessToken: unknown
  readonly idToken: string
  readonly claims: Readonly<Record<string, unknown>>
}

/** Trades the answer for tokens. */
export async function redeemed(issuer: string, arrived: Page, pkce: Pkce, clientId = 'planner', redirectUri = CALLBACK): Promise<Redeemed> {
  const code = answerOf(arrived).get('code') ?? ''
  const { status, body, text } = await post(issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: pkce.verifier }, { authorization: basic(clientId) })
  if (status !== 200) throw new Error(`no tokens: ${status} ${text}`)
  const idToken = String(body['id_token'])
  const claims = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
  return { scope: body['scope'], accessToken: body['access_token'], idToken, claims }
}

/** The answer's parameters as a plain object. */
export function answered(page: Page): Readonly<Record<string, string>> {
  return Object.fromEntries(answerOf(page))
}

/** Sends a form that a person would have sent, with everything about it free to change. */
export async function sendRaw(browser: Browser, page: Page, fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
  const form = forms(page).find(({ method }) => method === 'POST')
  if (form === undefined) throw new Error(`no form on ${page.url}`)
  return browser.open(new URL(form.action, page.url).href, { method: 'POST', body: new URLSearchParams(fields), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })
}

/** The form fields of the one form of a page that is posted. */
export function fieldsOf(page: Page): Readonly<Record<string, string>> {
  return forms(page).find(({ method }) => method === 'POST')?.fields ?? {}
}

/** Nobody has let any client have anything, and nobody has typed a wrong password. */
export async function startAfresh({ ctx }: TestServer): Promise<void> {
  await sql`delete from consents`.execute(ctx.db)
  await sql`delete from attempts`.execute(ctx.db)
}
