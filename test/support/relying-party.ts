import { createHash, randomBytes } from 'node:crypto'
import type { Browser, Page } from './browser.ts'
import { pageName } from './browser.ts'
import { CALLBACK, SECRET } from './world.ts'

// A client in a few functions, for stories about one request; the whole flow is also driven by independent client libraries.

export interface Pkce {
  readonly verifier: string
  readonly challenge: string
}

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export function basic(clientId: string, secret = SECRET): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')}`
}

export type Parameters = Readonly<Record<string, string | undefined>>

/** The authorization address of the client `planner`, or of another with changed parameters; undefined leaves one out. */
export function authorizationUrl(issuer: string, pkce: Pkce | undefined, changes: Parameters = {}): string {
  const all: Parameters = { client_id: 'planner', response_type: 'code', redirect_uri: CALLBACK, scope: 'openid profile', state: 'the-state', nonce: 'the-nonce', ...(pkce && { code_challenge: pkce.challenge, code_challenge_method: 'S256' }), ...changes }
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return `${issuer}/oauth/authorization?${new URLSearchParams(given)}`
}

const PASSWORDS: Readonly<Record<string, string>> = { ada: 'ada has a password', lin: 'lin has a password', kai: 'kai has a password' }
const HOMES: Readonly<Record<string, string>> = { ada: 'ntu', lin: 'ntu', kai: 'lunmal' }

/** Where the row of a provider leads. */
export function providerLink(page: Page, providerId: string): string {
  const href = [...page.html.matchAll(/<a [^>]*>/g)].map(([tag]) => tag).find((tag) => tag.includes(`data-provider="${providerId}"`))
  return (/href="([^"]*)"/.exec(href ?? '')?.[1] ?? '').replaceAll('&amp;', '&')
}

/** Goes through whatever pages come until the browser leaves the server or shows an error. */
export async function walk(browser: Browser, start: Page, username = 'ada'): Promise<Page> {
  let page = start
  for (let i = 0; i < 10 && page.status !== 0; i++) {
    const name = pageName(page)
    if (name === 'discovery') page = await browser.open(providerLink(page, HOMES[username] ?? ''))
    else if (name === 'chooser') page = await pickAccount(browser, page, username)
    else if (name === 'login') page = await browser.submit(page, 'username', { username, password: PASSWORDS[username] ?? '' })
    else if (name === 'consent') page = await browser.submit(page, 'decision', { decision: 'allow' })
    else return page
  }
  return page
}

const NAMES: Readonly<Record<string, string>> = { ada: 'Ada Example', lin: 'Lin Example', kai: 'Kai Example' }

async function pickAccount(browser: Browser, page: Page, username: string): Promise<Page> {
  const rows = [...page.html.matchAll(/<button[^>]*data-account="([^"]+)"[^>]*>[\s\S]*?<\/button>/g)]
  const row = rows.find(([whole]) => whole.includes(NAMES[username] ?? ''))
  return row?.[1] === undefined ? browser.open(`${new URL(page.url).pathname.replace(/\/[^/]*$/, '')}/other`) : browser.submit(page, 'account', { account: row[1] })
}

/** The parameters that an answer brought to the client. */
export function answerOf(page: Page): URLSearchParams {
  if (page.status !== 0) throw new Error(`the browser is still at ${page.url} (${page.status}, ${pageName(page) ?? 'no page'}):\n${page.html.slice(0, 3000)}`)
  const url = new URL(page.url)
  return url.hash.length > 1 ? new URLSearchParams(url.hash.slice(1)) : url.searchParams
}

export interface JsonAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
  readonly text: string
}

async function json(response: Response): Promise<JsonAnswer> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

/** Posts a form to the server. */
export async function post(issuer: string, path: string, parameters: Parameters | URLSearchParams | string, headers: Readonly<Record<string, string>> = {}): Promise<JsonAnswer> {
  const body = typeof parameters === 'string' || parameters instanceof URLSearchParams ? parameters : new URLSearchParams(Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined))
  return json(await fetch(issuer + path, { method: 'POST', body: body.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } }))
}

export async function get(issuer: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<JsonAnswer> {
  return json(await fetch(issuer + path, { headers }))
}

export interface CodeGrant {
  readonly code: string
  readonly pkce: Pkce
}

/** A fresh code of `planner` for a person. */
export async function obtainCode(issuer: string, browser: Browser, changes: Parameters = {}, username = 'ada'): Promise<CodeGrant> {
  const pkce = newPkce()
  const answer = answerOf(await walk(browser, await browser.open(authorizationUrl(issuer, pkce, changes)), username))
  const code = answer.get('code')
  if (code === null) throw new Error(`no code: ${answer}`)
  return { code, pkce }
}

export function redeem(issuer: string, { code, pkce }: CodeGrant, changes: Parameters = {}, headers?: Readonly<Record<string, string>>): Promise<JsonAnswer> {
  return post(issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier, ...changes }, headers ?? { authorization: basic('planner') })
}

export function refresh(issuer: string, refreshToken: unknown, changes: Parameters = {}, headers?: Readonly<Record<string, string>>): Promise<JsonAnswer> {
  return post(issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: String(refreshToken), ...changes }, headers ?? { authorization: basic('planner') })
}

/** An answer's text without the reference, which is another one each time and says nothing. */
export function withoutReference({ text }: Pick<JsonAnswer, 'text'>): string {
  return text.replace(/[0-9A-Z]{4}-[0-9A-Z]{4}(?="\})/, '')
}
