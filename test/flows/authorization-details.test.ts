import fc from 'fast-check'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isWithinDetails, parseAuthorizationDetails } from '../../src/protocol/authorization-details.ts'
import { OAuthError } from '../../src/protocol/error.ts'
import { textById } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, type Parameters, type Pkce, post, redeem, refresh, walk } from '../support/relying-party.ts'
import { ASSERTION_TYPE, assertionOf, type KeyedClient, registerKeyedClient, signed } from '../support/strong-client.ts'
import { CALLBACK, SECRET } from '../support/world.ts'

// Rich authorization requests (RFC 9396): a client says in its own words what it wants to do, the person reads each of them, and the
// tokens say what was allowed, or less.

const TYPES = `
kind: authorization_details_type
type: payment
title: { en: Pay from your account, nb: Betale fra kontoen din }
description: { en: The money leaves at once., nb: Pengene går straks. }
fields: { amount.value: { en: Amount, nb: Beløp }, amount.currency: { en: Currency, nb: Valuta } }
consent: { single_use: true }
schema:
  type: object
  properties:
    type: { const: payment }
    amount: { type: object, properties: { value: { type: string, pattern: '^[0-9]+$' }, currency: { enum: [NOK, EUR] } }, required: [value, currency], additionalProperties: false }
    creditor: { type: string, title: Recipient }
  required: [type, amount, creditor]
  additionalProperties: false
---
kind: authorization_details_type
type: accounts
title: { en: See your accounts, nb: Se kontoene dine }
schema:
  type: object
  properties:
    type: { const: accounts }
    actions: { type: array, items: { enum: [list, read, balances] } }
    locations: { type: array, items: { type: string, format: uri } }
    since: { type: string, format: date }
  required: [type, actions]
  additionalProperties: false
---
kind: client
client_id: bank
client_secret: { value: ${SECRET} }
client_name: { en: The Bank }
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code, refresh_token, client_credentials, 'urn:ietf:params:oauth:grant-type:device_code']
scope: openid profile offline_access gk_calendar
authorization_details_types: [payment, accounts]
`
const ACCOUNTS = { type: 'accounts', actions: ['list', 'read'] }
const PAYMENT = { type: 'payment', amount: { value: '12300', currency: 'NOK' }, creditor: 'Skatteetaten' }
const LESS = { type: 'accounts', actions: ['list'] }

let server: TestServer
let keyed: KeyedClient
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(TYPES)
  keyed = await registerKeyedClient(server, 'signer', { more: 'authorization_details_types: [accounts]' })
})
afterAll(() => server.close())

const said = (...details: readonly object[]): string => JSON.stringify(details)

function ask(browser: Browser, pkce: Pkce, details: string, changes: Parameters = {}): Promise<Page> {
  return browser.open(authorizationUrl(server.issuer, pkce, { client_id: 'bank', scope: 'openid offline_access', authorization_details: details, ...changes }))
}

/** The same person again, up to the consent page or the end. */
async function goOn(browser: Browser, page: Page): Promise<Page> {
  return pageName(page) === 'chooser' ? browser.submit(page, 'account', { account: /data-account="([^"]+)"/.exec(page.html)?.[1] ?? '' }) : page
}

/** Signs in up to the consent page. */
async function toConsent(browser: Browser, page: Page): Promise<Page> {
  let at = page
  for (let i = 0; i < 5 && at.status === 200 && pageName(at) !== 'consent'; i++) {
    if (pageName(at) === 'discovery') at = await browser.open((/href="([^"]*)"[^>]*data-provider="ntu"/.exec(at.html) ?? /data-provider="ntu"[^>]*href="([^"]*)"/.exec(at.html))?.[1]?.replaceAll('&amp;', '&') ?? '')
    else at = await browser.submit(at, 'username', { username: 'ada', password: 'ada has a password' })
  }
  return at
}

async function tokensFor(details: string, changes: Parameters = {}, at: Parameters = {}): Promise<Awaited<ReturnType<typeof redeem>>> {
  const [browser, pkce] = [newBrowser(server.issuer), newPkce()]
  const code = answerOf(await walk(browser, await ask(browser, pkce, details, changes))).get('code') ?? ''
  return redeem(server.issuer, { code, pkce }, at, { authorization: basic('bank') })
}

const introspect = (token: unknown): ReturnType<typeof post> => post(server.issuer, '/oauth/introspection', { token: String(token) }, { authorization: basic('bank') })

describe('the person', () => {
  test('reads every value under its own words, in their language', async () => {
    const browser = newBrowser(server.issuer)
    const page = await toConsent(browser, await ask(browser, newPkce(), said(PAYMENT, ACCOUNTS), { ui_locales: 'nb' }))
    expect(pageName(page)).toBe('consent')
    for (const words of ['Betale fra kontoen din', 'Pengene går straks.', 'Beløp', '12300', 'Valuta', 'NOK', 'Recipient', 'Skatteetaten', 'Se kontoene dine', 'list, read']) expect(page.html).toContain(words)
    expect(page.html).not.toContain('{&quot;')
  })

  test('is told what is for this one time, and that the whole is where nothing else is asked for', async () => {
    const [payment, accounts] = await Promise.all([said(PAYMENT, ACCOUNTS), said(ACCOUNTS)].map(async (details) => {
      const browser = newBrowser(server.issuer)
      return toConsent(browser, await ask(browser, newPkce(), details, { scope: 'openid' }))
    }))
    const section = (page: Page | undefined, type: string) => new RegExp(`data-detail="${type}">([\\s\\S]*?)</section>`).exec(page?.html ?? '')?.[1] ?? ''
    expect(section(payment, 'payment')).toContain('This holds for this one time.')
    expect(section(payment, 'accounts')).not.toContain('one time')
    if (payment === undefined) throw new Error('no page')
    expect(textById(payment, 'consent-duration')).toContain('This holds for this one time.')
    expect(accounts?.html).not.toContain('one time')
  })

  test('is asked once for the same, anew for more, and not again for less', async () => {
    const [browser, once] = [newBrowser(server.issuer), said(ACCOUNTS)]
    answerOf(await walk(browser, await ask(browser, newPkce(), once)))
    expect((await goOn(browser, await ask(browser, newPkce(), once))).status).toBe(0)
    expect((await goOn(browser, await ask(browser, newPkce(), said(LESS)))).status).toBe(0)
    const silent = answerOf(await ask(browser, newPkce(), said({ ...ACCOUNTS, actions: ['list', 'balances'] }), { prompt: 'none' }))
    expect(silent.get('error')).toBe('consent_required')
    expect((await goOn(browser, await ask(browser, newPkce(), said({ ...ACCOUNTS, since: '2026-01-01' })))).html).toContain('2026-01-01')
  })

  test('is asked every time for what is for once, also where the operator answers for the rest', async () => {
    await server.apply(TYPES.slice(TYPES.indexOf('kind: client')).replace('client_id: bank', 'client_id: trusted\nconsent: implied'))
    const browser = newBrowser(server.issuer)
    answerOf(await walk(browser, await ask(browser, newPkce(), said(PAYMENT), { client_id: 'trusted' })))
    const again = await goOn(browser, await ask(browser, newPkce(), said(PAYMENT), { client_id: 'trusted' }))
    expect(again.html).toContain('Skatteetaten')
    expect((await goOn(browser, await ask(browser, newPkce(), said(ACCOUNTS), { client_id: 'trusted' }))).status).toBe(0)
  })

  test('who says no gives nothing', async () => {
    const browser = newBrowser(server.issuer)
    const page = await toConsent(browser, await ask(browser, newPkce(), said(PAYMENT)))
    expect(answerOf(await browser.submit(page, 'decision', { decision: 'deny' })).get('error')).toBe('access_denied')
  })
})

describe('the tokens', () => {
  test('say what was allowed: in the response, in a JWT, in introspection, and after a refresh', async () => {
    const tokens = await tokensFor(said(PAYMENT, ACCOUNTS))
    expect(tokens.body['authorization_details']).toEqual([PAYMENT, ACCOUNTS])
    expect((await introspect(tokens.body['access_token'])).body).toMatchObject({ active: true, authorization_details: [PAYMENT, ACCOUNTS] })
    const next = await post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: String(tokens.body['refresh_token']), resource: 'https://grades.example.org' }, { authorization: basic('bank') })
    expect(next.body['authorization_details']).toEqual([PAYMENT, ACCOUNTS])
    expect(decodeJwt(String(next.body['access_token']))['authorization_details']).toEqual([PAYMENT, ACCOUNTS])
  })

  test('say less where the token request does, and the grant keeps all of it', async () => {
    const tokens = await tokensFor(said(PAYMENT, ACCOUNTS), {}, { authorization_details: said(LESS) })
    expect(tokens.body['authorization_details']).toEqual([LESS])
    expect((await introspect(tokens.body['access_token'])).body['authorization_details']).toEqual([LESS])
    const less = await refresh(server.issuer, tokens.body['refresh_token'], { authorization_details: said(PAYMENT) }, { authorization: basic('bank') })
    expect(less.body['authorization_details']).toEqual([PAYMENT])
    // The same again within the window: the same answer.
    expect((await refresh(server.issuer, tokens.body['refresh_token'], { authorization_details: said(PAYMENT) }, { authorization: basic('bank') })).text).toBe(less.text)
    const all = await refresh(server.issuer, less.body['refresh_token'], {}, { authorization: basic('bank') })
    expect(all.body['authorization_details']).toEqual([PAYMENT, ACCOUNTS])
    expect((await introspect(all.body['access_token'])).body['authorization_details']).toEqual([PAYMENT, ACCOUNTS])
  })

  test.each([
    ['another action', said({ type: 'accounts', actions: ['balances'] })],
    ['a limit left out', said({ type: 'accounts', actions: ['list', 'read', 'balances'] })],
    ['another type', said(PAYMENT)],
    ['one more object', said(ACCOUNTS, PAYMENT)],
  ])('never more than was allowed: %s, with the code and with the refresh token; neither is spent', async (_name, more) => {
    const [browser, pkce] = [newBrowser(server.issuer), newPkce()]
    const code = answerOf(await walk(browser, await ask(browser, pkce, said(ACCOUNTS)))).get('code') ?? ''
    const asked = { authorization: basic('bank') }
    expect(await redeem(server.issuer, { code, pkce }, { authorization_details: more }, asked)).toMatchObject({ status: 400, body: { error: 'invalid_authorization_details' } })
    const tokens = await redeem(server.issuer, { code, pkce }, {}, asked)
    expect(tokens.status).toBe(200)
    expect(await refresh(server.issuer, tokens.body['refresh_token'], { authorization_details: more }, asked)).toMatchObject({ status: 400, body: { error: 'invalid_authorization_details' } })
    expect((await refresh(server.issuer, tokens.body['refresh_token'], {}, asked)).status).toBe(200)
  })

  test('an API that passes a lesser one on gets no more by it', async () => {
    await server.apply(`kind: client\nclient_id: passes-on\nclient_secret: { value: ${SECRET} }\nclient_name: P\norganization: ntu\nredirect_uris: [${CALLBACK}]\ngrant_types: [authorization_code, 'urn:ietf:params:oauth:grant-type:token-exchange']\nscope: openid gk_calendar\nauthorization_details_types: [accounts]\n`)
    const [browser, pkce] = [newBrowser(server.issuer), newPkce()]
    const code = answerOf(await walk(browser, await ask(browser, pkce, said(ACCOUNTS), { client_id: 'passes-on', scope: 'openid gk_calendar' }))).get('code') ?? ''
    const headers = { authorization: basic('passes-on') }
    const tokens = await redeem(server.issuer, { code, pkce }, { authorization_details: said(LESS) }, headers)
    const exchanged = await post(server.issuer, '/oauth/token', { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: String(tokens.body['access_token']), subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', scope: 'gk_calendar', resource: 'https://calendar.example.org' }, headers)
    expect(exchanged.body['authorization_details']).toEqual([LESS])
    const { body } = await post(server.issuer, '/oauth/introspection', { token: String(exchanged.body['access_token']) }, headers)
    expect(body['authorization_details']).toEqual([LESS])
  })

  test('a machine asks for itself', async () => {
    const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'gk_calendar', authorization_details: said(ACCOUNTS) }, { authorization: basic('bank') })
    expect(body['authorization_details']).toEqual([ACCOUNTS])
    expect((await introspect(body['access_token'])).body).toMatchObject({ active: true, authorization_details: [ACCOUNTS] })
  })
})

test('pushed, and in a signed request object', async () => {
  const pkce = newPkce()
  const parameters = { response_type: 'code', redirect_uri: keyed.redirectUri, scope: 'openid', code_challenge: pkce.challenge, code_challenge_method: 'S256' }
  const request = await signed({ iss: 'signer', aud: server.issuer, client_id: 'signer', ...parameters, authorization_details: [ACCOUNTS] }, { alg: 'ES256' }, keyed.keys.privateKey)
  const credentials = async (): Promise<Parameters> => ({ client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, keyed) })
  for (const form of [{ ...parameters, authorization_details: said(ACCOUNTS) }, { request }]) {
    const pushed = await post(server.issuer, '/oauth/par', { client_id: 'signer', ...form, ...(await credentials()) })
    expect(pushed.status, pushed.text).toBe(201)
    const browser = newBrowser(server.issuer)
    const code = answerOf(await walk(browser, await browser.open(`${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: 'signer', request_uri: String(pushed.body['request_uri']) })}`))).get('code') ?? ''
    const tokens = await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: keyed.redirectUri, code_verifier: pkce.verifier, ...(await credentials()) })
    expect(tokens.body['authorization_details']).toEqual([ACCOUNTS])
  }
  const refused = await post(server.issuer, '/oauth/par', { client_id: 'signer', ...parameters, authorization_details: said(PAYMENT), ...(await credentials()) })
  expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_authorization_details' } })
})

describe('what is refused as invalid_authorization_details', () => {
  test.each([
    ['no JSON', 'payment'],
    ['no list', JSON.stringify(PAYMENT)],
    ['no type', '[{}]'],
    ['an unknown type', said({ type: 'shopping' })],
    ['a member that the schema does not have', said({ ...PAYMENT, to: 'x' })],
    ['a value that the schema does not allow', said({ ...PAYMENT, amount: { value: '1', currency: 'XXX' } })],
    ['a missing member', said({ type: 'payment' })],
    ['text that turns around what stands beside it', said({ ...PAYMENT, creditor: 'a\u202Eb' })],
    ['too many', said(...Array.from({ length: 21 }, () => ACCOUNTS))],
    ['a date that is none', said({ ...ACCOUNTS, since: 'soon' })],
  ])('%s, at the front and at the token endpoint', async (_name, details) => {
    expect(answerOf(await ask(newBrowser(server.issuer), newPkce(), details)).get('error')).toBe('invalid_authorization_details')
    expect(await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', authorization_details: details }, { authorization: basic('bank') })).toMatchObject({ status: 400, body: { error: 'invalid_authorization_details' } })
  })

  test('more text than anybody reads', async () => {
    const details = said({ ...PAYMENT, creditor: 'x'.repeat(10_000) })
    expect(await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', authorization_details: details }, { authorization: basic('bank') })).toMatchObject({ status: 400, body: { error: 'invalid_authorization_details' } })
  })

  test('a client that did not register the type, and places that do not read them', async () => {
    const browser = newBrowser(server.issuer)
    expect(answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { authorization_details: said(ACCOUNTS) }))).get('error')).toBe('invalid_authorization_details')
    const device = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'x', authorization_details: said(ACCOUNTS) }
    expect((await post(server.issuer, '/oauth/token', device, { authorization: basic('bank') })).body['error']).toBe('invalid_authorization_details')
    expect((await post(server.issuer, '/oauth/device_authorization', { scope: 'openid', authorization_details: said(ACCOUNTS) }, { authorization: basic('bank') })).body['error']).toBe('invalid_authorization_details')
  })
})

test('the metadata name the types, and a declaration must be a schema that is understood', async () => {
  const { body } = await get(server.issuer, '/.well-known/oauth-authorization-server')
  expect(body['authorization_details_types_supported']).toEqual(['accounts', 'payment'])
  const declare = (schema: string): Promise<void> => server.apply(`kind: authorization_details_type\ntype: wrong\ntitle: Wrong\nschema: ${schema}\n`)
  await expect(declare('{ type: strng }')).rejects.toThrow('is not a JSON Schema')
  await expect(declare('{ type: object, propertys: {} }')).rejects.toThrow('unknown keyword')
  await expect(declare('{ type: array }')).rejects.toThrow('type: object')
  await expect(server.apply(`kind: client\nclient_id: c\nclient_secret: { value: ${SECRET} }\nredirect_uris: [${CALLBACK}]\nauthorization_details_types: [shopping]\n`)).rejects.toThrow('there is no authorization_details_type shopping')
})

describe('the parser', () => {
  test('takes anything without falling over', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.array(fc.record({ type: fc.string(), more: fc.jsonValue() })).map((value) => JSON.stringify(value))), (text) => {
        try {
          for (const { type } of parseAuthorizationDetails(text)) expect(type).not.toBe('')
        } catch (error) {
          expect(error).toBeInstanceOf(OAuthError)
        }
      }),
    )
  })

  test('each is within itself, and nothing is within nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ type: fc.string({ minLength: 1 }), actions: fc.uniqueArray(fc.string(), { minLength: 1 }), more: fc.jsonValue() }), { minLength: 1 }), (details) => {
        expect(isWithinDetails(details, details)).toBe(true)
        expect(isWithinDetails(details, [])).toBe(false)
        const more = details.map((one) => ({ ...one, actions: [...one.actions, 'something that is not there'] }))
        expect(isWithinDetails(more, details)).toBe(false)
        expect(isWithinDetails(details, more)).toBe(true)
      }),
    )
  })
})
