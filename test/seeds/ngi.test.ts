import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAfresh } from '../journeys/person.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page } from '../support/browser.ts'
import { answerOf, basic, get, type JsonAnswer, type Parameters, post, providerLink } from '../support/relying-party.ts'
import { newKey, proofOf } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// Norsk Gjeldsinformasjon's page on authorizing: two ways to a token at addresses of its own, and a callback that says more.

const CALLBACK = 'https://api-eksempelbank.no/v1/callback'
const PRESENTATION = 'debt.unsecured.presentation'
const PROCESSING = 'debt.unsecured.processing'
const AUDIENCE = 'https://api.norskgjeld.example'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_PATH_ALIASES: '/oauth2/auth=/oauth/authorization, /oauth2/token=/oauth/token' } })
  const client = (id: string, switches: string): string => `kind: client\nclient_id: ${id}\nclient_secret: { value: ${SECRET} }\nclient_name: Eksempelbank\nredirect_uris: [${CALLBACK}]\ngrant_types: [authorization_code, client_credentials]\nscope: ${PRESENTATION} ${PROCESSING}\ncompatibility: ${switches}\n`
  await server.apply(`
kind: scope
scope: ${PRESENTATION}
title: Show your unsecured debt
consent: { single_use: true, max_days: 365 }
---
kind: scope
scope: ${PROCESSING}
title: Process an application for a loan
consent: { max_days: 28 }
---
kind: api
api_id: debt
name: Debt information
audience: ${AUDIENCE}
organization: ntu
---
${client('bank', '[no_pkce, scope_in_authorization_response, specific_error_codes]')}---
${client('usual', '[no_pkce]')}`)
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

function request(parameters: Readonly<Record<string, string>> = {}): string {
  return `/oauth2/auth?${new URLSearchParams({ client_id: 'bank', response_type: 'code', scope: PRESENTATION, state: 'thisShouldBeARandomValue', redirect_uri: CALLBACK, ...parameters })}`
}

async function toLogin(browser: Browser, parameters: Readonly<Record<string, string>> = {}): Promise<Page> {
  return browser.open(providerLink(await browser.open(request(parameters)), 'ntu'))
}

async function toConsent(browser: Browser, parameters: Readonly<Record<string, string>> = {}): Promise<Page> {
  return browser.submit(await toLogin(browser, parameters), 'username', { username: 'ada', password: 'ada has a password' })
}

function answered(page: Page): Readonly<Record<string, string>> {
  expect(page.url.startsWith(`${CALLBACK}?`)).toBe(true)
  return Object.fromEntries(answerOf(page))
}

function token(parameters: Parameters, headers: Readonly<Record<string, string>> = { authorization: basic('bank') }): Promise<JsonAnswer> {
  return post(server.issuer, '/oauth2/token', parameters, headers)
}

function consent(path: string, accessToken: unknown): Promise<JsonAnswer> {
  return get(server.issuer, `/api/consents/${path}`, { authorization: `Bearer ${String(accessToken)}` })
}

/** A token for a consent of the person, and the consent as the bank itself learns it. */
async function agreed(scope: string): Promise<{ readonly accessToken: unknown; readonly consentId: string }> {
  const browser = newBrowser(server.issuer)
  const { code } = answered(await browser.submit(await toConsent(browser, { scope }), 'decision', { decision: 'allow' }))
  const { body } = await token({ grant_type: 'authorization_code', client_id: 'bank', redirect_uri: CALLBACK, code })
  const told = await post(server.issuer, '/oauth/introspection', { token: String(body['access_token']) }, { authorization: basic('bank') })
  return { accessToken: body['access_token'], consentId: String(told.body['consent_id']) }
}

describe('client credentials', () => {
  test('audience and scope bring a token for that API', async () => {
    const { status, body } = await token({ grant_type: 'client_credentials', audience: AUDIENCE, scope: `${PRESENTATION} ${PROCESSING}` })
    expect(status).toBe(200)
    expect(body).toEqual({ access_token: expect.stringMatching(/^ptr_at_/), expires_in: 3600, scope: `${PRESENTATION} ${PROCESSING}`, token_type: 'Bearer' })
    const told = await post(server.issuer, '/oauth/introspection', { token: String(body['access_token']) }, { authorization: basic('calendar-api') })
    expect(told.body).toMatchObject({ active: true, aud: AUDIENCE, subject_type: 'client', client_id: 'bank' })
  })

  test('an audience that nobody declared, and one beside another resource, are refused', async () => {
    expect(await token({ grant_type: 'client_credentials', audience: 'https://nowhere.example', scope: PRESENTATION })).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
    expect(await token({ grant_type: 'client_credentials', audience: AUDIENCE, resource: 'https://calendar.example.org', scope: PRESENTATION })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
})

describe('the authorization code', () => {
  test('the callback has code, scope and state; the code buys a token for what the person allowed', async () => {
    const browser = newBrowser(server.issuer)
    const answer = answered(await browser.submit(await toConsent(browser), 'decision', { decision: 'allow' }))
    expect(answer).toEqual({ code: expect.stringMatching(/^ptr_ac_/), scope: PRESENTATION, state: 'thisShouldBeARandomValue', iss: server.issuer })
    const grant = { grant_type: 'authorization_code', client_id: 'bank', redirect_uri: CALLBACK, code: answer['code'] }
    // The page shows no proof of the client here; a client with a secret shows it all the same (RFC 6749 §3.2.1).
    expect(await token(grant, {})).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    const { status, body } = await token(grant)
    expect(status).toBe(200)
    expect(body).toEqual({ access_token: expect.stringMatching(/^ptr_at_/), expires_in: 600, scope: PRESENTATION, token_type: 'Bearer' })
  })

  test('for days, the token is good as long as others', async () => {
    const scope = `${PRESENTATION}.100`
    const browser = newBrowser(server.issuer)
    const answer = answered(await browser.submit(await toConsent(browser, { scope }), 'decision', { decision: 'allow' }))
    expect(answer).toMatchObject({ scope, state: 'thisShouldBeARandomValue' })
    expect((await token({ grant_type: 'authorization_code', client_id: 'bank', redirect_uri: CALLBACK, code: answer['code'] })).body).toMatchObject({ expires_in: 3600, scope })
  })

  test('a client without the switch gets no scope in the callback', async () => {
    const browser = newBrowser(server.issuer)
    expect(Object.keys(answered(await browser.submit(await toConsent(browser, { client_id: 'usual' }), 'decision', { decision: 'allow' })))).toEqual(['code', 'state', 'iss'])
  })
})

describe('a consent', () => {
  test('is the one that the code came from: its token reaches no other', async () => {
    const [hundred, ten] = [await agreed(`${PRESENTATION}.100`), await agreed(`${PRESENTATION}.10`)]
    expect(hundred.consentId).not.toBe(ten.consentId)
    expect((await consent(hundred.consentId, hundred.accessToken)).body).toMatchObject({ consent_id: hundred.consentId, status: 'active', purpose: [PRESENTATION], duration_days: 100 })
    expect((await consent(ten.consentId, hundred.accessToken)).status).toBe(404)
  })

  test('of whoever: a token of the client itself reaches every active one that the client may use', async () => {
    const [one, other] = [await agreed(`${PRESENTATION}.5`), await agreed(`${PROCESSING}.28`)]
    const machine = (await token({ grant_type: 'client_credentials', scope: PRESENTATION })).body['access_token']
    for (const { consentId } of [one, other]) expect((await consent(`${consentId}/status`, machine)).body).toMatchObject({ consent_id: consentId, active: true })
    const stranger = (await token({ grant_type: 'client_credentials', scope: PRESENTATION }, { authorization: basic('usual') })).body['access_token']
    expect((await consent(one.consentId, stranger)).status).toBe(404)
  })

  test('for longer than its purpose allows is the wrong scope', async () => {
    for (const scope of [`${PRESENTATION}.366`, `${PROCESSING}.29`]) expect(answered(await newBrowser(server.issuer).open(request({ scope })))).toMatchObject({ error: 'invalid_scopes' })
  })
})

type Way = (browser: Browser, clientId: string) => Promise<Page>

const failures: readonly { readonly code: string; readonly registered: string; readonly reason: string | undefined; readonly way: Way }[] = [
  { code: 'consent_denied', registered: 'access_denied', reason: 'consent_denied', way: async (browser, client_id) => browser.submit(await toConsent(browser, { client_id }), 'decision', { decision: 'deny' }) },
  { code: 'login_cancelled', registered: 'access_denied', reason: 'login_cancelled', way: async (browser, client_id) => browser.submit(await toLogin(browser, { client_id }), 'username', { cancel: '1' }) },
  { code: 'invalid_scopes', registered: 'invalid_scope', reason: undefined, way: (browser, client_id) => browser.open(request({ client_id, scope: 'debt.secured.presentation' })) },
]

describe.each(failures)('the error $code', ({ code, registered, reason, way }) => {
  test('comes with a description and the state', async () => {
    const answer = answered(await way(newBrowser(server.issuer), 'bank'))
    expect(answer).toEqual({ error: code, error_description: expect.any(String), error_uri: expect.stringContaining('/dashboard/diagnosis/'), state: 'thisShouldBeARandomValue', iss: server.issuer })
  })

  test('is the registered one for a client without the switch, with the reason beside it', async () => {
    const answer = answered(await way(newBrowser(server.issuer), 'usual'))
    expect(answer).toEqual({ error: registered, error_description: expect.any(String), error_uri: expect.stringContaining('/dashboard/diagnosis/'), ...(reason === undefined ? {} : { error_reason: reason }), state: 'thisShouldBeARandomValue', iss: server.issuer })
  })
})

test('the error server_error comes when something of ours broke', async () => {
  await sql`alter table interactions rename to interactions_away`.execute(server.ctx.db)
  const page = await newBrowser(server.issuer).open(request())
  await sql`alter table interactions_away rename to interactions`.execute(server.ctx.db)
  expect(answered(page)).toMatchObject({ error: 'server_error', state: 'thisShouldBeARandomValue' })
})

test('a proof speaks of the address that it was sent to', async () => {
  const { keys } = await newKey()
  const send = async (htu: string): Promise<JsonAnswer> => token({ grant_type: 'client_credentials', scope: PRESENTATION }, { authorization: basic('bank'), dpop: await proofOf(keys, 'POST', server.issuer + htu) })
  expect(await send('/oauth2/token')).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
  expect(await send('/oauth/token')).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
})

test('other addresses are the same endpoints, and nothing else is', async () => {
  const answer = await fetch(`${server.issuer}/oauth2/token`)
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  for (const path of ['/oauth2/token/', '/oauth2/tokens', '/OAUTH2/token', '/oauth2/auth/../token']) expect((await fetch(server.issuer + path, { method: 'POST' })).status, path).not.toBe(200)
  const other = await fetch(`${server.issuer}/oauth2/introspection`, { method: 'POST' })
  expect(other.status).toBe(404)
})
