import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, get, type JsonAnswer, obtainCode, type Parameters, post, redeem } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// An API that was called with a person's token gets one for the next API (RFC 8693): narrower, not longer, with its name in it.

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const TYPE = 'urn:ietf:params:oauth:token-type:access_token'
const [CALENDAR, GRADES] = ['https://calendar.example.org', 'https://grades.example.org']
let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const declared = (id: string, organization: string): string => `
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id}
grant_types: ['${GRANT}', client_credentials]
scope: openid profile gk_calendar gk_calendar_write gk_grades
organization: ${organization}
`
  await server.apply([declared('calendar-api', 'ntu'), declared('grades-api', 'ntu'), declared('stranger', 'lunmal')].join('---'))
})
afterAll(() => server.close())

async function personToken(changes: Parameters = {}): Promise<{ readonly access: string; readonly refresh: string }> {
  const { body } = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { scope: 'openid profile gk_calendar gk_calendar_write', resource: CALENDAR, ...changes }))
  return { access: String(body['access_token']), refresh: String(body['refresh_token']) }
}

const exchange = (token: string, changes: Parameters = {}, by = 'calendar-api'): Promise<JsonAnswer> =>
  post(server.issuer, '/oauth/token', { grant_type: GRANT, subject_token: token, subject_token_type: TYPE, resource: GRADES, ...changes }, { authorization: basic(by) })

const introspect = async (token: unknown, by = 'calendar-api'): Promise<Record<string, unknown>> => (await post(server.issuer, '/oauth/introspection', { token: String(token) }, { authorization: basic(by) })).body

test('an API calls on in the person\'s name, and says who it is', async () => {
  const { access } = await personToken()
  const answer = await exchange(access, { scope: 'gk_calendar' })
  expect(answer).toMatchObject({ status: 200, body: { issued_token_type: TYPE, token_type: 'Bearer', scope: 'gk_calendar' } })
  expect(answer.body).not.toHaveProperty('refresh_token')
  expect(answer.body).not.toHaveProperty('id_token')
  const claims = decodeJwt(String(answer.body['access_token']))
  expect(claims).toMatchObject({ aud: GRADES, client_id: 'calendar-api', subject_type: 'user', act: { sub: 'client:calendar-api' } })
  expect(claims.sub).toBe((await introspect(access))['sub'])
  const again = await exchange(String(answer.body['access_token']), { resource: CALENDAR }, 'grades-api')
  expect(await introspect(again.body['access_token'])).toMatchObject({ active: true, aud: CALENDAR, act: { sub: 'client:grades-api', act: { sub: 'client:calendar-api' } } })
})

test('openid-client calls on, and finds the chain in the token', async () => {
  const { access } = await personToken()
  const config = await client.discovery(new URL(server.issuer), 'calendar-api', {}, client.ClientSecretBasic(SECRET), { execute: [client.allowInsecureRequests] })
  const answer = await client.genericGrantRequest(config, GRANT, { subject_token: access, subject_token_type: TYPE, resource: GRADES, scope: 'gk_calendar' })
  expect(answer).toMatchObject({ issued_token_type: TYPE, token_type: 'bearer' })
  expect(await client.tokenIntrospection(config, answer.access_token)).toMatchObject({ active: true, aud: GRADES, act: { sub: 'client:calendar-api' } })
})

describe('what a made token rests on', () => {
  test('it ends with the grant that it came from', async () => {
    const { access, refresh } = await personToken()
    const { body } = await exchange(access)
    expect(await introspect(body['access_token'])).toMatchObject({ active: true })
    await post(server.issuer, '/oauth/revocation', { token: refresh }, { authorization: basic('planner') })
    expect(await introspect(body['access_token'])).toEqual({ active: false })
  })

  test('it does not outlive the token that it was made of', async () => {
    const { access } = await personToken()
    await server.advance(3500)
    const { body } = await exchange(access)
    expect(Number(body['expires_in'])).toBeLessThanOrEqual(100)
    await server.advance(101)
    expect(await introspect(body['access_token'])).toEqual({ active: false })
    expect((await exchange(access)).body['error']).toBe('invalid_request')
  })

  test('it is nothing at userinfo', async () => {
    const { body } = await exchange((await personToken()).access)
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })).status).toBe(401)
  })
})

describe('what is refused', () => {
  test.each([
    ['a stranger to the API, who came by a token', {}, 'stranger', 'invalid_request'],
    ['more scope than the token has', { scope: 'gk_grades' }, 'calendar-api', 'invalid_scope'],
    ['no API named', { resource: undefined }, 'calendar-api', 'invalid_target'],
    ['an API that nobody knows', { resource: 'https://nowhere.example' }, 'calendar-api', 'invalid_target'],
    ['another type of subject', { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'calendar-api', 'invalid_request'],
    ['another type wanted', { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }, 'calendar-api', 'invalid_request'],
    ['an actor token without its type', { actor_token: 'x' }, 'calendar-api', 'invalid_request'],
    ['an actor token that is none', { actor_token: 'x', actor_token_type: TYPE }, 'calendar-api', 'invalid_request'],
  ] as const)('%s', async (_name, changes, client, error) => {
    expect(await exchange((await personToken()).access, changes, client)).toMatchObject({ status: 400, body: { error } })
  })

  test('a machine\'s own token, which has no person', async () => {
    const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'gk_calendar' }, { authorization: basic('calendar-api') })
    expect(await exchange(String(body['access_token']))).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('another client\'s token as actor', async () => {
    const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'gk_calendar' }, { authorization: basic('grades-api') })
    expect(await exchange((await personToken()).access, { actor_token: String(body['access_token']), actor_token_type: TYPE })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('a chain without end', async () => {
    let token = (await personToken()).access
    for (let hop = 0; hop < 5; hop++) token = String((await exchange(token, { resource: hop % 2 === 0 ? GRADES : CALENDAR }, hop % 2 === 0 ? 'calendar-api' : 'grades-api')).body['access_token'])
    expect(await exchange(token, { resource: CALENDAR }, 'grades-api')).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
})
