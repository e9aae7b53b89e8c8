import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useConsent } from '../../src/consents/objects.ts'
import { entries, openAccount } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, newPkce, obtainCode, type Parameters, post, providerLink, redeem, refresh, walk, withoutReference } from '../support/relying-party.ts'
import { agree, ask, bank, consentOf, DEBT, introspect, itself, register } from './stage.ts'

// A consent with an end: made by one yes, carried by the tokens that came from it, and over when it is used, when its time is over, or when
// somebody takes it back.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(DEBT)
})
afterAll(() => server.close())

const remove = (path: string, headers: Readonly<Record<string, string>>): Promise<Response> => fetch(`${server.issuer}/api/consents/${path}`, { method: 'DELETE', headers })
const consentsMade = async (): Promise<unknown> => (await ask(server, 'feed?limit=1', await itself(server, 'bank', 'consent.events'))).body['last_sequence']

describe('the duration', () => {
  test('is the number at the end of the scope: a hundred days', async () => {
    const tokens = await agree(server, 'openid debt.presentation.100 offline_access')
    expect(tokens.body['scope']).toBe('openid debt.presentation.100 offline_access')
    const id = await consentOf(server, tokens.body['access_token'])
    const { body } = await ask(server, id, await itself(server, 'bank'))
    expect(body).toMatchObject({ consent_id: id, status: 'active', active: true, client_id: 'bank', scope: 'debt.presentation.100', purpose: ['debt.presentation'], duration_days: 100, single_use: false, use_count: 0 })
    expect(Date.parse(String(body['expires_at'])) - Date.parse(String(body['created_at']))).toBe(100 * 86_400_000)
  })

  test('without a number is one use within ten minutes where the scope says so, else as long as the scope allows', async () => {
    const once = await agree(server, 'debt.presentation')
    expect(once.body['expires_in']).toBeLessThanOrEqual(600)
    const details = async (token: unknown) => (await ask(server, await consentOf(server, token), await itself(server, 'bank'))).body
    expect(await details(once.body['access_token'])).toMatchObject({ single_use: true, purpose: ['debt.presentation'] })
    const longest = await agree(server, 'debt.processing')
    expect(await details(longest.body['access_token'])).toMatchObject({ single_use: false, duration_days: 28 })
  })

  test.each(['debt.presentation.366', 'debt.presentation.0', 'debt.presentation.0100', 'debt.processing.29', 'debt.once.1', 'debt.presentation.100 debt.processing.28', 'debt.presentation debt.presentation.5'])('%s: invalid_scope, and nothing is made', async (scope) => {
    const before = await consentsMade()
    const browser = newBrowser(server.issuer)
    const answer = answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'bank', scope })))
    expect(answer.get('error')).toBe('invalid_scope')
    expect(answer.get('code')).toBeNull()
    expect(await consentsMade()).toBe(before)
  })

  test('an unknown purpose is invalid_scope; a value that is declared as it stands means itself', async () => {
    const refused = answerOf(await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: 'bank', scope: 'debt.secured.100' })))
    expect(refused.get('error')).toBe('invalid_scope')
    const tokens = await agree(server, 'openid version.2')
    expect(tokens.body['scope']).toBe('openid version.2')
  })
})

describe('a token', () => {
  test('from a code carries exactly one consent: in introspection, in a JWT, after a refresh, in what an API makes of it', async () => {
    const tokens = await agree(server, 'openid debt.presentation.30 offline_access')
    const id = await consentOf(server, tokens.body['access_token'])
    const next = await refresh(server.issuer, tokens.body['refresh_token'], {}, bank)
    expect(await introspect(server, next.body['access_token'])).toMatchObject({ active: true, consent_id: id, scope: 'openid debt.presentation.30 offline_access' })
    const jwt = await refresh(server.issuer, next.body['refresh_token'], { resource: 'https://signed-debt.example.org' }, bank)
    expect(decodeJwt(String(jwt.body['access_token']))['consent_id']).toBe(id)
    const exchange = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: String(jwt.body['access_token']), subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', audience: 'https://debt.example.org' }
    const exchanged = await post(server.issuer, '/oauth/token', exchange, register)
    expect(exchanged.body['scope']).toBe('debt.presentation.30')
    expect(await introspect(server, exchanged.body['access_token'])).toMatchObject({ active: true, consent_id: id })
  })

  test('without such scopes carries the one that goes on until it is taken back, also where the operator implies it', async () => {
    const tokens = await agree(server, 'openid profile')
    const id = await consentOf(server, tokens.body['access_token'])
    expect((await ask(server, id, await itself(server, 'bank'))).body).toMatchObject({ status: 'active', client_id: 'bank', purpose: expect.arrayContaining(['openid', 'profile']) as unknown })
    const implied = await agree(server, 'openid', { client_id: 'other-bank' }, 'lin')
    expect((await introspect(server, implied.body['access_token']))['consent_id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('of the client itself carries none', async () => {
    const machine = await itself(server, 'bank', 'debt.presentation')
    const body = await introspect(server, machine.authorization.slice('Bearer '.length), bank)
    expect(body['active']).toBe(true)
    expect(body).not.toHaveProperty('consent_id')
  })

  test('for such a scope is in no grant that its client manages', async () => {
    const answer = answerOf(await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: 'bank', scope: 'debt.presentation.5', grant_management_action: 'create' })))
    expect([answer.get('error'), answer.get('error_description')]).toEqual(['invalid_request', 'A scope whose consent has an end is in no grant that is managed'])
  })

  test('for such a scope comes from the authorization endpoint only', async () => {
    const person: Parameters = { grant_type: 'password', username: 'ada', password: 'ada has a password', provider: 'ntu', scope: 'debt.presentation' }
    expect((await post(server.issuer, '/oauth/token', person, bank)).body['error']).toBe('invalid_scope')
    expect((await post(server.issuer, '/oauth/device_authorization', { scope: 'debt.presentation.5' }, bank)).body['error']).toBe('invalid_scope')
    expect((await post(server.issuer, '/oauth/device_authorization', { scope: 'debt.presentation' }, bank)).body['error']).toBe('invalid_scope')
  })
})

describe('one use', () => {
  test('is what an API asks; the client may look as often as it likes', async () => {
    const { body } = await agree(server, 'debt.presentation')
    const id = await consentOf(server, body['access_token'])
    expect(await consentOf(server, body['access_token'])).toBe(id)
    expect(await introspect(server, body['access_token'])).toMatchObject({ active: true, consent_id: id })
    expect(await introspect(server, body['access_token'])).toEqual({ active: false })
    expect(await introspect(server, body['access_token'], bank)).toEqual({ active: false })
    expect((await ask(server, `${id}/status`, await itself(server, 'bank'))).body).toMatchObject({ status: 'used', active: false })
  })

  test('of a hundred at once is one', async () => {
    const { body } = await agree(server, 'debt.presentation')
    const answers = await Promise.all(Array.from({ length: 100 }, () => introspect(server, body['access_token'])))
    expect(answers.filter((answer) => answer['active'] === true)).toHaveLength(1)
    // The same where nothing but the statement itself stands between them.
    const id = await consentOf(server, (await agree(server, 'debt.presentation')).body['access_token'])
    const uses = await Promise.all(Array.from({ length: 100 }, () => useConsent(server.ctx, id)))
    expect(uses.filter((use) => use !== undefined)).toHaveLength(1)
  })

  test('a consent for days is counted, not ended', async () => {
    const { body } = await agree(server, 'debt.presentation.10')
    const id = await consentOf(server, body['access_token'])
    for (let i = 0; i < 3; i++) expect((await introspect(server, body['access_token']))['active']).toBe(true)
    const after = (await ask(server, id, await itself(server, 'bank'))).body
    expect(after).toMatchObject({ status: 'active', use_count: 3 })
    expect(after['last_used_at']).toBeTypeOf('string')
  })
})

describe('a consent that is taken back', () => {
  test('by its client: its tokens, its refreshes and its code are dead at once, and it says so', async () => {
    const tokens = await agree(server, 'openid debt.presentation.30 offline_access')
    const id = await consentOf(server, tokens.body['access_token'])
    const machine = await itself(server, 'bank')
    expect((await remove(id, machine)).status).toBe(204)
    expect((await ask(server, `${id}/status`, machine)).body).toMatchObject({ status: 'withdrawn', active: false, withdrawn_by: 'client' })
    expect(await introspect(server, tokens.body['access_token'])).toEqual({ active: false })
    expect((await refresh(server.issuer, tokens.body['refresh_token'], {}, bank)).body['error']).toBe('invalid_grant')
    expect((await remove(id, machine)).status).toBe(204)
  })

  test('before its code is redeemed: the code is worth nothing', async () => {
    const machine = await itself(server, 'bank')
    const code = await obtainCode(server.issuer, newBrowser(server.issuer), { client_id: 'bank', scope: 'debt.presentation.3' }, 'kai')
    const feed = (await ask(server, 'feed?from_sequence=1&limit=1000', await itself(server, 'bank', 'consent.events'))).body['events'] as readonly Record<string, unknown>[]
    expect((await remove(String(feed.at(-1)?.['consent_id']), machine)).status).toBe(204)
    expect((await redeem(server.issuer, code, {}, bank)).body['error']).toBe('invalid_grant')
  })

  test('ends nothing that came from another one', async () => {
    const [one, two] = [await agree(server, 'debt.presentation.30'), await agree(server, 'debt.presentation.30')]
    await remove(await consentOf(server, one.body['access_token']), await itself(server, 'bank'))
    expect((await introspect(server, one.body['access_token']))['active']).toBe(false)
    expect((await introspect(server, two.body['access_token']))['active']).toBe(true)
  })
})

test('a consent whose time is over stops what came from it', async () => {
  const tokens = await agree(server, 'openid debt.presentation offline_access')
  const id = await consentOf(server, tokens.body['access_token'])
  await server.advance(601)
  expect(await introspect(server, tokens.body['access_token'])).toEqual({ active: false })
  expect((await refresh(server.issuer, tokens.body['refresh_token'], {}, bank)).body['error']).toBe('invalid_grant')
  expect((await ask(server, `${id}/status`, await itself(server, 'bank'))).body).toMatchObject({ status: 'expired', active: false })
})

describe('who may know of a consent', () => {
  test('its client, the token that came from it, and an API that people are sent to; to all others it is not there', async () => {
    const tokens = await agree(server, 'debt.presentation.30')
    const bearer = { authorization: `Bearer ${tokens.body['access_token']}` }
    const id = await consentOf(server, tokens.body['access_token'])
    expect((await ask(server, id, bearer)).status).toBe(200)
    expect((await ask(server, id, await itself(server, 'register'))).body).toMatchObject({ client_id: 'bank', status: 'active' })
    const strangers = [await itself(server, 'other-bank'), { authorization: `Bearer ${(await agree(server, 'debt.presentation.30')).body['access_token']}` }]
    const unknown = await ask(server, '01900000-0000-7000-8000-000000000000', strangers[0] ?? {})
    expect(unknown.status).toBe(404)
    for (const stranger of strangers) {
      for (const path of [id, `${id}/status`, 'not-an-id']) {
        const answer = await ask(server, path, stranger)
        expect([answer.status, withoutReference(answer)]).toEqual([404, withoutReference(unknown)])
      }
    }
    expect((await remove(id, strangers[0] ?? {})).status).toBe(404)
    expect((await ask(server, id, {})).status).toBe(401)
    expect((await ask(server, id, await itself(server, 'bank'))).body['status']).toBe('active')
  })

  test('an API counts a use that it was shown no token for', async () => {
    const tokens = await agree(server, 'debt.presentation')
    const id = await consentOf(server, tokens.body['access_token'])
    const use = async (as: { readonly authorization: string }) => post(server.issuer, `/api/consents/${id}/use`, {}, as)
    expect((await use(await itself(server, 'bank'))).status).toBe(403)
    const machine = await itself(server, 'register')
    const answers = await Promise.all(Array.from({ length: 20 }, () => use(machine)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.find(({ status }) => status !== 200)?.body['error']).toBe('consent_not_active')
    expect(await introspect(server, tokens.body['access_token'])).toEqual({ active: false })
  })
})

describe('the person', () => {
  test('is asked each time, also by a client whose consent is implied, and never behind their back', async () => {
    const browser = newBrowser(server.issuer)
    const request = { client_id: 'other-bank', scope: 'openid debt.presentation.5' }
    answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), request))))
    expect(answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { ...request, prompt: 'none' }))).get('error')).toBe('consent_required')
    let page = await browser.open(authorizationUrl(server.issuer, newPkce(), request))
    if (pageName(page) === 'chooser') page = await browser.submit(page, 'account', { account: /data-account="([^"]+)"/.exec(page.html)?.[1] ?? '' })
    expect(pageName(page)).toBe('consent')
    expect(page.html).toContain('Show your unsecured debt')
    const before = await ask(server, 'feed', await itself(server, 'other-bank', 'consent.events'))
    expect(answerOf(await browser.submit(page, 'decision', { decision: 'deny' })).get('error')).toBe('access_denied')
    expect((await ask(server, 'feed', await itself(server, 'other-bank', 'consent.events'))).body['last_sequence']).toBe(before.body['last_sequence'])
  })

  test('says yes once, however often the form is sent', async () => {
    const browser = newBrowser(server.issuer)
    const pkce = newPkce()
    const machine = await itself(server, 'bank', 'consent.events')
    const before = Number((await ask(server, 'feed', machine)).body['last_sequence'])
    let page = await browser.open(authorizationUrl(server.issuer, pkce, { client_id: 'bank', scope: 'debt.presentation.7' }))
    page = await browser.submit(await browser.open(providerLink(page, 'ntu')), 'username', { username: 'ada', password: 'ada has a password' })
    expect(pageName(page)).toBe('consent')
    await Promise.allSettled(Array.from({ length: 10 }, () => browser.submit(page, 'decision', { decision: 'allow' })))
    expect(Number((await ask(server, 'feed', machine)).body['last_sequence'])).toBe(before + 1)
  })

  test('ends them all with the application on their own pages', async () => {
    const tokens = await agree(server, 'debt.presentation.30', {}, 'lin')
    const id = await consentOf(server, tokens.body['access_token'])
    const browser = newBrowser(server.issuer)
    const row = entries(await openAccount(browser, '/account/applications', 'lin'), 'application').find(({ text }) => text.includes('The Bank'))
    await browser.submit(await browser.open(row?.href ?? ''), 'csrf', {})
    expect((await ask(server, `${id}/status`, await itself(server, 'bank'))).body).toMatchObject({ status: 'withdrawn', withdrawn_by: 'person' })
    expect(await introspect(server, tokens.body['access_token'])).toEqual({ active: false })
  })
})
