import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, obtainCode, post, redeem, refresh, walk } from '../support/relying-party.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

describe('the authorization code flow', () => {
  test('a person signs in, the client gets tokens, userinfo answers, refresh, introspection, revocation', async () => {
    const { issuer } = server
    const browser = newBrowser(issuer)
    const pkce = newPkce()
    const arrived = await walk(browser, await browser.open(authorizationUrl(issuer, pkce, { scope: 'openid profile email offline_access' })))
    const answer = answerOf(arrived)
    expect(Object.fromEntries(answer)).toMatchObject({ state: 'the-state', iss: issuer })
    const tokens = await redeem(issuer, { code: answer.get('code') ?? '', pkce })
    expect(tokens.status).toBe(200)
    expect(tokens.headers.get('cache-control')).toBe('no-store')
    expect(tokens.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'openid profile email offline_access' })
    const userinfo = await get(issuer, '/userinfo', { authorization: `Bearer ${tokens.body['access_token']}` })
    expect(userinfo.body).toMatchObject({ name: 'Ada Example', email: 'ada@ntu.example', email_verified: true })
    const refreshed = await refresh(issuer, tokens.body['refresh_token'])
    expect(refreshed.body).toMatchObject({ token_type: 'Bearer', scope: 'openid profile email offline_access' })
    const known = await post(issuer, '/oauth/introspection', { token: String(refreshed.body['access_token']) }, { authorization: basic('planner') })
    expect(known.body).toMatchObject({ active: true, client_id: 'planner', sub: userinfo.body['sub'] })
    expect((await post(issuer, '/oauth/revocation', { token: String(refreshed.body['refresh_token']) }, { authorization: basic('planner') })).status).toBe(200)
    expect((await get(issuer, '/userinfo', { authorization: `Bearer ${refreshed.body['access_token']}` })).status).toBe(401)
  })

  test('a hundred redemptions of one code at once: one gets tokens', async () => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer))
    const answers = await Promise.all(Array.from({ length: 100 }, () => redeem(server.issuer, grant)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ status, body }) => `${status} ${body['error']}`))).toEqual(new Set(['400 invalid_grant']))
  })

  test('a code used twice kills the tokens it gave', async () => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer))
    const first = await redeem(server.issuer, grant)
    expect(first.status).toBe(200)
    expect(await redeem(server.issuer, grant)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    const known = await post(server.issuer, '/oauth/introspection', { token: String(first.body['access_token']) }, { authorization: basic('planner') })
    expect(known.text).toBe('{"active":false}')
    expect(await refresh(server.issuer, first.body['refresh_token'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })
})
