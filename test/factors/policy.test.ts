import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setEmailCodes } from '../../src/users/factor-preferences.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, get, newPkce, type Parameters } from '../support/relying-party.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'
import { SECRET } from '../support/world.ts'
import { begin, decide, linkOf, redeemed, startAfresh } from '../journeys/person.ts'
import { afterPassword, codeNow, complaint, enterCode, giveApp, type HalfWay, userIdOf } from './person.ts'
import { fromBase32, totpCode } from '../../src/lib/totp.ts'

// Who is asked for a second factor, and what becomes of whoever has none.

const STRICT_CALLBACK = 'https://strict.example.org/callback'
const MFA = 'https://refeds.org/profile/mfa'
const FEIDE = 'urn:mace:feide.no:auth:level:fad08:3'

let server: TestServer
let mailbox: Mailbox
beforeAll(async () => {
  mailbox = await startMailbox()
  server = await startTestServer({ env: { PORTNER_MAIL_URL: mailbox.url, PORTNER_MAIL_FROM: 'portner@ntu.example' } })
  await server.apply(`kind: organization
organization_id: lunmal
name: { en: Lunmal University College, nb: Høgskolen i Lunmal }
realms: [lunmal.example]
country: 'no'
second_factor: required
---
kind: client
client_id: strict
client_secret: { value: ${SECRET} }
client_name: Strict Client
redirect_uris: [${STRICT_CALLBACK}]
require_second_factor: true
scope: openid profile
`)
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})
beforeEach(async () => {
  await startAfresh(server)
  for (const table of ['totp_secrets', 'recovery_codes', 'trusted_devices', 'factor_preferences']) await sql`delete from ${sql.table(table)}`.execute(server.ctx.db)
  await server.advance(120)
})

const essential = (...values: readonly string[]) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }) })

type Has = 'nothing' | 'an app' | 'an app, and a device that is not asked'
const WANTS: Readonly<Record<string, Parameters>> = { 'nothing': {}, 'acr_values': { acr_values: FEIDE }, 'acr_values, one factor will do': { acr_values: `urn:portner:acr:password ${MFA}` }, 'an essential acr': essential(MFA) }

async function arrive(person: string, client: string, wanted: Parameters, has: Has): Promise<Page> {
  const browser = newBrowser(server.issuer)
  if (has !== 'nothing') await giveApp(server, person)
  if (has === 'an app, and a device that is not asked') {
    const { page } = await afterPassword(server, person, {}, {}, browser)
    await enterCode(browser, page, codeNow(server), { trust: '1' })
    await server.advance(8 * 86_400)
  }
  const changes: Parameters = client === 'strict' ? { client_id: 'strict', redirect_uri: STRICT_CALLBACK, ...wanted } : wanted
  return (await afterPassword(server, person, changes, {}, browser)).page
}

// person (lin's organization leaves it open, kai's requires it) × client (planner leaves it open, strict requires it) × what is asked for.
const [goesOn, proves, enrols] = ['consent', 'factor', 'factor-setup']
const MATRIX: readonly (readonly [string, string, string, string, string, string])[] = [
  // person  client     asks for                           nothing   an app  + device
  ['lin', 'planner', 'nothing', goesOn, proves, goesOn],
  ['lin', 'planner', 'acr_values', goesOn, proves, proves],
  ['lin', 'planner', 'acr_values, one factor will do', goesOn, proves, goesOn],
  ['lin', 'planner', 'an essential acr', enrols, proves, proves],
  ['lin', 'strict', 'nothing', enrols, proves, proves],
  ['lin', 'strict', 'acr_values', enrols, proves, proves],
  ['lin', 'strict', 'an essential acr', enrols, proves, proves],
  ['kai', 'planner', 'nothing', enrols, proves, goesOn],
  ['kai', 'planner', 'acr_values', enrols, proves, proves],
  ['kai', 'planner', 'an essential acr', enrols, proves, proves],
  ['kai', 'strict', 'nothing', enrols, proves, proves],
]
const HAS: readonly Has[] = ['nothing', 'an app', 'an app, and a device that is not asked']

describe.each(MATRIX)('%s at %s, which asks for %s', (person, client, wants, ...expected) => {
  test.each(HAS.map((has, i) => [has, expected[i] ?? ''] as const))('with %s comes to %s', async (has, page) => {
    expect(pageName(await arrive(person, client, WANTS[wants] ?? {}, has))).toBe(page)
  })
})

describe('whoever has none and must', () => {
  async function setUp(page: Page, browser = newBrowser(server.issuer)): Promise<Page> {
    const key = (/id="totp-key"[^>]*>([^<]*)</.exec(page.html)?.[1] ?? '').replaceAll(' ', '')
    const secret = fromBase32(key) ?? Buffer.alloc(0)
    return browser.submit(page, 'secret', { code: totpCode(secret, Math.floor(server.ctx.clock.now() / 30_000)) })
  }

  test('sets one up on the way, gets codes for the day it is lost, and goes on', async () => {
    const { browser, page, pkce } = await afterPassword(server, 'kai')
    expect(page.html).toContain('Lunmal University College')
    expect(page.html).toMatch(/href="otpauth:\/\/totp\/Portner:/)
    const codes = await setUp(page, browser)
    expect(pageName(codes)).toBe('recovery-codes')
    const consent = await browser.open(linkOf(codes, 'codes-saved'))
    const { claims } = await redeemed(server.issuer, await decide(browser, consent, 'allow'), pkce)
    expect(claims).toMatchObject({ acr: 'urn:portner:acr:two-factors', amr: ['pwd', 'otp', 'mfa'] })
    expect(pageName((await afterPassword(server, 'kai')).page)).toBe('factor')
  })

  test('keeps the same key after a wrong code, and may give up', async () => {
    const { browser, page } = await afterPassword(server, 'kai')
    const again = await browser.submit(page, 'secret', { code: '000000' })
    expect([again.status, /id="totp-key"[^>]*>([^<]*)</.exec(again.html)?.[1]]).toEqual([401, /id="totp-key"[^>]*>([^<]*)</.exec(page.html)?.[1]])
    expect(answerOf(await browser.submit(page, 'secret', { cancel: '1' })).get('error')).toBe('access_denied')
  })

  test('cannot bring a key of another browser', async () => {
    const [one, other] = [await afterPassword(server, 'kai'), await afterPassword(server, 'kai')]
    const sealed = /name="secret" value="([^"]+)"/.exec(other.page.html)?.[1] ?? ''
    const key = (/id="totp-key"[^>]*>([^<]*)</.exec(other.page.html)?.[1] ?? '').replaceAll(' ', '')
    const answer = await one.browser.submit(one.page, 'secret', { secret: sealed, code: totpCode(fromBase32(key) ?? Buffer.alloc(0), Math.floor(server.ctx.clock.now() / 30_000)) })
    expect([pageName(answer), answer.status]).toEqual(['factor-setup', 401])
  })

  test('is told so without a page when the client wants none', async () => {
    const browser = newBrowser(server.issuer)
    const { page } = await afterPassword(server, 'lin', {}, {}, browser)
    await decide(browser, page, 'allow')
    const silent = async (changes: Parameters) => answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'none', ...changes }))).get('error')
    expect(await silent({})).toBeNull()
    expect(await silent({ acr_values: MFA })).toBeNull()
    expect(await silent(essential(MFA))).toBe('unmet_authentication_requirements')
    expect(await silent({ client_id: 'strict', redirect_uri: STRICT_CALLBACK })).toBe('interaction_required')
    await giveApp(server, 'lin')
    expect(await silent(essential(MFA))).toBe('login_required')
  })
})

describe('a sign-in that is there already', () => {
  test('is lifted by the missing factor alone, and says what was asked for', async () => {
    const browser = newBrowser(server.issuer)
    const { page } = await afterPassword(server, 'lin', {}, {}, browser)
    await decide(browser, page, 'allow')
    await giveApp(server, 'lin')
    await server.advance(600)
    const { page: asked, pkce } = await begin(browser, server.issuer, { acr_values: FEIDE, login_hint: 'lin' })
    expect(pageName(asked)).toBe('factor')
    const { claims } = await redeemed(server.issuer, await enterCode(browser, asked, codeNow(server)), pkce)
    expect(claims).toMatchObject({ acr: FEIDE, amr: ['pwd', 'otp', 'mfa'] })
    // The password was proven when it was: a client that asks for a recent one is not deceived.
    expect(Math.floor(server.ctx.clock.now() / 1000) - Number(claims['auth_time'])).toBeGreaterThan(590)
  })

  test('that is too old is begun anew, with both', async () => {
    const browser = newBrowser(server.issuer)
    await giveApp(server, 'lin')
    const { page } = await afterPassword(server, 'lin', {}, {}, browser)
    await decide(browser, await enterCode(browser, page, codeNow(server)), 'allow')
    await server.advance(600)
    const { page: login } = await begin(browser, server.issuer, { max_age: '60', login_hint: 'lin' })
    expect(pageName(login)).toBe('login')
    const { page: factor } = { page: await browser.submit(login, 'username', { username: 'lin', password: 'lin has a password' }) }
    expect(pageName(factor)).toBe('factor')
  })

  test('an essential acr that nobody here knows stays unmet', async () => {
    await giveApp(server, 'lin')
    const { browser, page } = await afterPassword(server, 'lin', essential('urn:unheard:of'))
    expect(answerOf(await enterCode(browser, page, codeNow(server))).get('error')).toBe('unmet_authentication_requirements')
  })
})

describe('a code by e-mail', () => {
  async function waiting(username: string): Promise<HalfWay> {
    await setEmailCodes(server.ctx, await userIdOf(server, username), true)
    return afterPassword(server, username)
  }

  async function codeOf(address: string): Promise<string> {
    return /^(\d{6})\r?$/m.exec((await mailbox.next(address)).text)?.[1] ?? ''
  }

  test('is asked of nobody who has not turned it on, nor at an address that is not verified', async () => {
    expect(pageName((await afterPassword(server, 'ada')).page)).toBe('consent')
    expect(pageName((await waiting('lin')).page)).toBe('consent')
  })

  test('is sent when it is asked for, not before, and works once on its own journey', async () => {
    const { browser, page } = await waiting('ada')
    expect([pageName(page), page.html.includes('name="code"')]).toEqual(['factor', false])
    const sent = await browser.submit(page, 'send', { send: '1' })
    const code = await codeOf('ada@ntu.example')
    const other = await afterPassword(server, 'ada')
    const elsewhere = await other.browser.submit(other.page, 'send', { send: '1' })
    await codeOf('ada@ntu.example')
    expect(complaint(await enterCode(other.browser, elsewhere, code))).toContain('wrong')
    expect(pageName(await enterCode(browser, sent, code))).toBe('consent')
  })

  test('has expired after ten minutes, and a new one takes its place', async () => {
    const { browser, page } = await waiting('ada')
    const sent = await browser.submit(page, 'send', { send: '1' })
    const old = await codeOf('ada@ntu.example')
    await server.advance(601)
    const late = await enterCode(browser, sent, old)
    expect(complaint(late)).toContain('expired')
    await browser.submit(late, 'send', { send: '1' })
    expect(pageName(await enterCode(browser, late, await codeOf('ada@ntu.example')))).toBe('consent')
  })
})

test('discovery names what can be asked for', async () => {
  const { body } = await get(server.issuer, '/.well-known/openid-configuration')
  expect(body['acr_values_supported']).toEqual(['urn:portner:acr:password', 'urn:portner:acr:two-factors', MFA, FEIDE])
})
