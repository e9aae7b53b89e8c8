import { chooseProvider, decide, signIn } from '../journeys/person.ts'
import type { TestServer } from '../support/app.ts'
import { newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, newPkce, type JsonAnswer, type Parameters, post } from '../support/relying-party.ts'

// APIs whose scopes somebody has to approve, clients that no operator wrote down, and people of one place, of two, and of none.

export const OPEN = { PORTNER_REGISTRATION: 'open' } as const
export const HOME = 'https://wisher.example.org/callback'

export const apis = `
kind: provider
provider_id: anywhere
protocol: local
name: Anywhere
sign_up: closed
---
kind: user
username: nora
password: { value: nora has a password }
claims: { name: Nora Nowhere }
---
kind: api
api_id: exams
name: { en: Exams }
audience: https://exams.example.org
organization: ntu
description: { en: Your exams and when they are. }
scopes:
  write: { title: Register for exams, approval: owner }
  results: { title: Your results, description: All your results., approval: organization }
  people: { title: Everybody, approval: organization, target: [ntu.example] }
  export: { title: The whole register, approval: organization, client_credentials: true }
---
kind: api
api_id: vault
name: { en: Vault }
audience: https://vault.example.org
organization: lunmal
approval: owner
---
kind: client
client_id: the-exams
client_secret: { value: a-secret-for-tests-with-128-bits-5f2d }
client_name: The API of exams
application_type: service
organization: ntu
scope: gk_exams gk_exams_write
`

export interface Wisher {
  readonly id: string
  readonly secret: string
  readonly registration: { readonly uri: string; readonly token: string }
}

/** Registers a client over HTTP that wishes for these scopes. */
export async function register(server: TestServer, scope: string): Promise<Wisher> {
  const body = { redirect_uris: [HOME], client_name: 'Wisher', grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], scope }
  const response = await fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const made = (await response.json()) as Record<string, string>
  if (response.status !== 201) throw new Error(`not registered: ${JSON.stringify(made)}`)
  return { id: made['client_id'] ?? '', secret: made['client_secret'] ?? '', registration: { uri: made['registration_client_uri'] ?? '', token: made['registration_access_token'] ?? '' } }
}

const PLACES: Readonly<Record<string, string>> = { ada: 'ntu', lin: 'ntu', kai: 'lunmal', nora: 'anywhere' }

export interface Arrival {
  /** The page before the answer: the consent page, unless nobody is asked. */
  readonly asked: Page
  readonly tokens: JsonAnswer
}

/** Signs a person in for a client, up to the page that asks them. */
export async function arrive(server: TestServer, wisher: Wisher, username: string, scope: string): Promise<{ readonly page: Page; readonly finish: () => Promise<JsonAnswer> }> {
  const browser = newBrowser(server.issuer)
  const pkce = newPkce()
  let page = await browser.open(authorizationUrl(server.issuer, pkce, { client_id: wisher.id, redirect_uri: HOME, scope }))
  if (pageName(page) === 'discovery') page = await chooseProvider(browser, page, PLACES[username] ?? '')
  if (pageName(page) === 'login') page = await signIn(browser, page, username, { password: `${username} has a password` })
  const finish = async (): Promise<JsonAnswer> => {
    const answer = answerOf(pageName(page) === 'consent' ? await decide(browser, page, 'allow') : page)
    const code = answer.get('code') ?? undefined
    if (code === undefined) throw new Error(`no code: ${answer}`)
    return post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: HOME, code_verifier: pkce.verifier }, { authorization: basic(wisher.id, wisher.secret) })
  }
  return { page, finish }
}

/** What a client gets for itself. */
export function system(server: TestServer, wisher: Wisher, parameters: Parameters = {}): Promise<JsonAnswer> {
  return post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', ...parameters }, { authorization: basic(wisher.id, wisher.secret) })
}

/** What the API is told of a token. */
export async function told(server: TestServer, token: unknown): Promise<Readonly<Record<string, unknown>>> {
  return (await post(server.issuer, '/oauth/introspection', { token: String(token) }, { authorization: basic('the-exams') })).body
}
