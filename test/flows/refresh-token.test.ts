import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, type JsonAnswer, get, obtainCode, type Parameters, post, redeem, refresh } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

async function signIn(changes: Parameters = {}): Promise<JsonAnswer> {
  const { issuer } = server
  return redeem(issuer, await obtainCode(issuer, newBrowser(issuer), changes))
}

async function isActive(token: unknown): Promise<boolean> {
  return (await post(server.issuer, '/oauth/introspection', { token: String(token) }, { authorization: basic('planner') })).body['active'] === true
}

const idToken = (answer: JsonAnswer): Record<string, unknown> => JSON.parse(Buffer.from(String(answer.body['id_token']).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

describe.each([
  ['with an id token', 'openid profile offline_access'],
  ['without one', 'profile offline_access'],
])('a refresh %s', (_, scope) => {
  test('gives new tokens and keeps the person and the time of the sign-in', async () => {
    const first = await signIn({ scope })
    const second = await refresh(server.issuer, first.body['refresh_token'])
    expect(second.status).toBe(200)
    expect(second.headers.get('cache-control')).toBe('no-store')
    expect(second.body['refresh_token']).not.toBe(first.body['refresh_token'])
    expect(second.body['access_token']).not.toBe(first.body['access_token'])
    if (!scope.includes('openid')) return
    const [before, after] = [idToken(first), idToken(second)]
    expect(after).toMatchObject({ iss: before['iss'], sub: before['sub'], aud: before['aud'], auth_time: before['auth_time'], nonce: before['nonce'], sid: before['sid'] })
  })

  test('a hundred at once with one token: one successor, the same bytes for all', async () => {
    const first = await signIn({ scope })
    const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(server.issuer, first.body['refresh_token'])))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  })

  test('again within thirty seconds: the same bytes; later: the family is dead', async () => {
    const first = await signIn({ scope })
    const second = await refresh(server.issuer, first.body['refresh_token'])
    await server.advance(25)
    expect((await refresh(server.issuer, first.body['refresh_token'])).text).toBe(second.text)
    await server.advance(10)
    expect(await refresh(server.issuer, first.body['refresh_token'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await refresh(server.issuer, second.body['refresh_token'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await isActive(second.body['access_token'])).toBe(false)
    expect(server.logged()).toContain('"event":"refresh.reuse"')
  })

  test('two generations back is reuse, even at once', async () => {
    const first = await signIn({ scope })
    const second = await refresh(server.issuer, first.body['refresh_token'])
    const third = await refresh(server.issuer, second.body['refresh_token'])
    expect(third.status).toBe(200)
    expect(await refresh(server.issuer, first.body['refresh_token'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await isActive(third.body['access_token'])).toBe(false)
  })
})

describe('a refresh token', () => {
  test('is worth nothing to another client, and spends nothing there', async () => {
    const first = await signIn()
    const stolen = await post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: String(first.body['refresh_token']), client_id: 'second', client_secret: SECRET })
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await refresh(server.issuer, first.body['refresh_token'])).status).toBe(200)
  })

  test('gives a narrower scope, never a wider one', async () => {
    const first = await signIn({ scope: 'openid profile email' })
    const wider = await refresh(server.issuer, first.body['refresh_token'], { scope: 'openid phone' })
    expect(wider).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    const narrower = await refresh(server.issuer, first.body['refresh_token'], { scope: 'profile' })
    expect(narrower.body).toMatchObject({ scope: 'profile' })
    expect(narrower.body).not.toHaveProperty('id_token')
    expect((await refresh(server.issuer, first.body['refresh_token'], { scope: 'profile' })).text).toBe(narrower.text)
    expect((await refresh(server.issuer, narrower.body['refresh_token'])).body['scope']).toBe('openid profile email')
  })

  test('is dead once its person is locked, its client disabled, or it is revoked', async () => {
    const [locked, revoked] = [await signIn({}), await signIn({})]
    await post(server.issuer, '/oauth/revocation', { token: String(revoked.body['refresh_token']) }, { authorization: basic('planner') })
    expect(await refresh(server.issuer, revoked.body['refresh_token'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    const { sub } = idToken(locked)
    const { setUserStatus } = await import('../../src/users/store.ts')
    await setUserStatus(server.ctx.db, String(sub), 'locked')
    expect(await refresh(server.issuer, locked.body['refresh_token'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await isActive(locked.body['access_token'])).toBe(false)
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${locked.body['access_token']}` })).status).toBe(401)
    await setUserStatus(server.ctx.db, String(sub), 'active')
    expect((await refresh(server.issuer, locked.body['refresh_token'])).status).toBe(200)
  })

  test('ends after thirty days without use, and after ninety days in any case', async () => {
    const idle = await signIn({ scope: 'profile offline_access' })
    await server.advance(30 * 86_400 + 60)
    expect(await refresh(server.issuer, idle.body['refresh_token'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    let used = await signIn({ scope: 'profile offline_access' })
    for (let day = 0; day < 88; day += 22) {
      await server.advance(22 * 86_400)
      used = await refresh(server.issuer, used.body['refresh_token'])
      expect(used.status).toBe(200)
    }
    await server.advance(3 * 86_400)
    expect(await refresh(server.issuer, used.body['refresh_token'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })
})
