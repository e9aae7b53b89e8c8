import * as client from 'openid-client'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newUserCode, readUserCode } from '../../src/tokens/user-code.ts'
import { withdraw } from '../../src/tokens/withdraw-consent.ts'
import { removeConsent, removeScopes } from '../../src/users/consents.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { withHeldInserts } from '../support/held-inserts.ts'
import { get, type JsonAnswer, type Parameters, post, walk } from '../support/relying-party.ts'

// A device without a browser (RFC 8628): it asks, a person says yes or no elsewhere, it gets tokens or hears the no.

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  for (const id of ['tv', 'radio']) await server.apply(`kind: client\nclient_id: ${id}\nclient_name: ${id === 'tv' ? 'Television' : 'Radio'}\napplication_type: device\ngrant_types: ['${GRANT}', refresh_token]\nscope: openid profile offline_access\norganization: ntu\n`)
})
afterAll(() => server.close())

const begin = async (changes: Parameters = {}): Promise<JsonAnswer> => post(server.issuer, '/oauth/device_authorization', { client_id: 'tv', scope: 'openid profile', ...changes })
const poll = (code: unknown, changes: Parameters = {}): Promise<JsonAnswer> => post(server.issuer, '/oauth/token', { grant_type: GRANT, device_code: String(code), client_id: 'tv', ...changes })

async function enter(browser: Browser, userCode: string): Promise<Page> {
  return browser.submit(await browser.open(`${server.issuer}/device`), 'user_code', { user_code: userCode })
}

async function toQuestion(browser: Browser, userCode: string): Promise<Page> {
  return walk(browser, await enter(browser, userCode))
}

test('openid-client as a device: the person connects it, and it goes on when the browser is signed out', async () => {
  const config = await client.discovery(new URL(server.issuer), 'tv', {}, client.None(), { execute: [client.allowInsecureRequests] })
  const started = await client.initiateDeviceAuthorization(config, { scope: 'openid profile offline_access' })
  expect(started).toMatchObject({ verification_uri: `${server.issuer}/device`, expires_in: 600, interval: 5, user_code: expect.stringMatching(/^[B-Z]{4}-[B-Z]{4}$/) })
  const browser = newBrowser(server.issuer)
  const question = await toQuestion(browser, started.user_code)
  expect(pageName(question)).toBe('device')
  for (const shown of ['Television', 'Norges testuniversitet', started.user_code, 'Ada Example']) expect(question.html).toContain(shown)
  const done = await browser.submit(question, 'decision', { decision: 'allow' })
  expect(done.html).toContain('Connected')
  await server.advance(6)
  const tokens = await client.pollDeviceAuthorizationGrant(config, { ...started, interval: 0 })
  const sub = tokens.claims()?.sub ?? ''
  expect(await client.fetchUserInfo(config, tokens.access_token, sub)).toMatchObject({ name: 'Ada Example' })
  await server.ctx.db.updateTable('users').set({ status: 'active' }).where('user_id', '=', sub).execute()
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
  expect(refreshed.claims()?.sub).toBe(sub)
  await expect(client.pollDeviceAuthorizationGrant(config, { ...started, interval: 0 })).rejects.toMatchObject({ error: 'invalid_grant' })
})

describe('what a poll hears', () => {
  test('pending, then to slow down, then again pending', async () => {
    const { body } = await begin()
    expect(await poll(body['device_code'])).toMatchObject({ status: 400, body: { error: 'authorization_pending' } })
    expect(await poll(body['device_code'])).toMatchObject({ status: 400, body: { error: 'slow_down' } })
    await server.advance(9)
    expect(await poll(body['device_code'])).toMatchObject({ body: { error: 'slow_down' } })
    await server.advance(16)
    expect(await poll(body['device_code'])).toMatchObject({ body: { error: 'authorization_pending' } })
  })

  test('the person\'s no', async () => {
    const { body } = await begin()
    const browser = newBrowser(server.issuer)
    const refused = await browser.submit(await toQuestion(browser, String(body['user_code'])), 'decision', { decision: 'deny' })
    expect(refused.html).toContain('Not connected')
    expect(await poll(body['device_code'])).toMatchObject({ status: 400, body: { error: 'access_denied' } })
  })

  test('that it is over', async () => {
    const { body } = await begin()
    await server.advance(601)
    expect(await poll(body['device_code'])).toMatchObject({ status: 400, body: { error: 'expired_token' } })
    expect((await enter(newBrowser(server.issuer), String(body['user_code']))).html).toContain('This code is over')
  })

  test('nothing of another client\'s request', async () => {
    const { body } = await begin()
    expect(await poll(body['device_code'], { client_id: 'radio' })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await poll('made up')).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    const browser = newBrowser(server.issuer)
    await browser.submit(await toQuestion(browser, String(body['user_code'])), 'decision', { decision: 'allow' })
    expect(await poll(body['device_code'], { client_id: 'radio' })).toMatchObject({ body: { error: 'invalid_grant' } })
    expect((await poll(body['device_code'])).status).toBe(200)
  })

  test('tokens once, when a hundred ask at the same moment', async () => {
    const { body } = await begin()
    const browser = newBrowser(server.issuer)
    await browser.submit(await toQuestion(browser, String(body['user_code'])), 'decision', { decision: 'allow' })
    const answers = await Promise.all(Array.from({ length: 100 }, () => poll(body['device_code'])))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('nothing for a person who was locked meanwhile', async () => {
    const { body } = await begin()
    const browser = newBrowser(server.issuer)
    await browser.submit(await walk(browser, await enter(browser, String(body['user_code'])), 'lin'), 'decision', { decision: 'allow' })
    await server.ctx.db.updateTable('users').set({ status: 'locked' }).where('username', '=', 'lin').execute()
    expect(await poll(body['device_code'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    await server.ctx.db.updateTable('users').set({ status: 'active' }).where('username', '=', 'lin').execute()
  })
})

describe('what the person has let the device have', () => {
  async function connected(clientId: string): Promise<{ readonly code: unknown; readonly userId: string; readonly consentId: string }> {
    const { body } = await begin({ client_id: clientId })
    const browser = newBrowser(server.issuer)
    await browser.submit(await toQuestion(browser, String(body['user_code'])), 'decision', { decision: 'allow' })
    const { rows } = await sql<{ user_id: string; consent_id: string }>`select user_id, consent_id from consents join users using (user_id) join clients using (client_key) where username = 'ada' and client_id = ${clientId}`.execute(server.ctx.db)
    return { code: body['device_code'], userId: rows[0]?.user_id ?? '', consentId: rows[0]?.consent_id ?? '' }
  }

  type Allowed = Awaited<ReturnType<typeof connected>>
  test.each([
    ['took back all of it', ({ userId, consentId }: Allowed) => withdraw(server.ctx, userId, consentId), 'access_denied'],
    ['takes back all of it', ({ userId, consentId }: Allowed) => removeConsent(server.ctx, userId, consentId), 'invalid_grant'],
    ['takes back a part of it', ({ userId, consentId }: Allowed) => removeScopes(server.ctx, userId, consentId, ['profile']), 'invalid_grant'],
  ])('is not fetched once the person %s', async (_what, takeBack, error) => {
    const allowed = await connected('tv')
    await takeBack(allowed)
    expect(await poll(allowed.code)).toMatchObject({ status: 400, body: { error } })
    expect((await poll((await connected('tv')).code)).status).toBe(200)
  })

  test('stays taken back when they allow something else later', async () => {
    const allowed = await connected('tv')
    await withdraw(server.ctx, allowed.userId, allowed.consentId)
    await connected('tv')
    expect(await poll(allowed.code)).toMatchObject({ status: 400, body: { error: 'access_denied' } })
  })

  test('does not outlive that they take it back in the very moment of the redemption', async () => {
    const allowed = await connected('tv')
    await withHeldInserts(server.databaseUrl, 'grants', async ({ arrived, behind, letGo }) => {
      const polled = poll(allowed.code)
      await arrived(1)
      const taken = withdraw(server.ctx, allowed.userId, allowed.consentId)
      await behind(taken)
      await letGo()
      const { status, body } = await polled
      expect([await taken, status]).toEqual([true, 200])
      expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })).status).toBe(401)
    })
  })

  test('stands among their applications and in its tokens, also where the operator answers for them', async () => {
    await server.apply(`kind: client\nclient_id: house-tv\nclient_name: House\napplication_type: device\nconsent: implied\ngrant_types: ['${GRANT}']\nscope: openid profile\n`)
    const { code, consentId } = await connected('house-tv')
    const { body } = await poll(code, { client_id: 'house-tv' })
    expect((await get(server.issuer, `/api/consents/${consentId}`, { authorization: `Bearer ${body['access_token']}` })).status).toBe(200)
  })
})

describe('the page for the code', () => {
  test('a link brings the code and still asks', async () => {
    const { body } = await begin()
    const browser = newBrowser(server.issuer)
    const page = await browser.open(String(body['verification_uri_complete']))
    expect(page.html).toContain(`value="${body['user_code']}"`)
    expect(pageName(await walk(browser, await browser.submit(page, 'user_code', { user_code: String(body['user_code']) })))).toBe('device')
    expect(await poll(body['device_code'])).toMatchObject({ body: { error: 'authorization_pending' } })
  })

  test('a standing sign-in and consent do not pass the question', async () => {
    const browser = newBrowser(server.issuer)
    for (let time = 0; time < 2; time++) {
      const { body } = await begin()
      const question = await toQuestion(browser, String(body['user_code']))
      expect(pageName(question)).toBe('device')
      await browser.submit(question, 'decision', { decision: 'allow' })
    }
  })

  test('unknown and used codes have sentences of their own, and the sixth wrong one has to wait', async () => {
    const { body } = await begin()
    const [one, two] = [newBrowser(server.issuer), newBrowser(server.issuer)]
    await one.submit(await toQuestion(one, String(body['user_code'])), 'decision', { decision: 'deny' })
    expect((await enter(two, String(body['user_code']))).html).toContain('This code was used before')
    for (let time = 0; time < 4; time++) expect((await enter(two, 'BBBB-BBBB')).html).toContain('This code is not known')
    const waiting = await enter(two, 'BBBB-BBBB')
    expect(waiting).toMatchObject({ status: 429 })
    const fresh = await begin()
    expect((await enter(two, String(fresh.body['user_code']))).status).toBe(429)
    await server.advance(601)
    const later = await begin()
    expect(pageName(await toQuestion(two, String(later.body['user_code'])))).toBe('device')
  })

  test('a form of another browser does nothing', async () => {
    const { body } = await begin()
    const [one, two] = [newBrowser(server.issuer), newBrowser(server.issuer)]
    const question = await toQuestion(one, String(body['user_code']))
    const stolen = await two.submit(question, 'decision', { decision: 'allow' })
    expect(stolen.html).not.toContain('Connected')
    expect(await poll(body['device_code'])).toMatchObject({ body: { error: 'authorization_pending' } })
  })
})

test('a client that is not registered for it, a scope it may not have, and GET are refused', async () => {
  expect(await post(server.issuer, '/oauth/device_authorization', { client_id: 'spa' })).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } })
  expect(await begin({ scope: 'openid debt.unsecured.presentation' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  expect(await begin({ resource: 'https://nowhere.example' })).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  expect((await get(server.issuer, '/oauth/device_authorization')).status).toBe(405)
})

test('however a code is written, it is the code', () => {
  fc.assert(
    fc.property(fc.constant(0), fc.boolean(), fc.constantFrom('-', '', ' ', '‑', '–', '_', ' - '), (_seed, lower, dash) => {
      const code = newUserCode()
      const typed = code.replace('-', dash)
      const wide = typed.replaceAll(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0))
      expect(readUserCode(lower ? typed.toLowerCase() : typed)).toBe(code)
      expect(readUserCode(`${wide}\n`)).toBe(code)
    }),
  )
  for (const wrong of ['', 'AAAA-AAAA', 'BBBB-BBB', 'BBBB-BBBBB', '🎉🎉🎉🎉']) expect(readUserCode(wrong)).toBeUndefined()
})
