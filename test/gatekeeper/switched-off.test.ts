import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, get, obtainCode, post, redeem } from '../support/relying-party.ts'
import { startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { gatekeptApis, systemToken, UPSTREAM_PASSWORD, userToken } from './world.ts'

// An API that its owner switches off is as if it were not there, within a second and everywhere; switched on again it has all that was given.

let upstream: UpstreamApi
let server: TestServer
beforeAll(async () => {
  upstream = await startUpstreamApi()
  server = await startTestServer()
  await switched('on')
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})

const AUDIENCE = 'https://calendar.example.org'

const switched = (to: 'on' | 'off'): Promise<void> => server.apply(gatekeptApis(upstream.url, `disabled: ${to === 'off'}\n`))

const call = (token: string): Promise<Response> => fetch(`${server.issuer}/gk/calendar/x`, { headers: { authorization: `Bearer ${token}` } })
const asked = async (token: string): Promise<number> => (await fetch(`${server.issuer}/gk/calendar`, { headers: { authorization: `Bearer ${token}`, 'x-original-method': 'GET', 'x-original-uri': '/x', 'x-gatekeeper-secret': UPSTREAM_PASSWORD } })).status
const introspected = async (token: string, by = 'planner'): Promise<Record<string, unknown>> => (await post(server.issuer, '/oauth/introspection', { token }, { authorization: basic(by) })).body
const robot = (parameters: Readonly<Record<string, string>>): ReturnType<typeof post> => post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', ...parameters }, { authorization: basic('robot') })

test('no call, no token, no scope; and all of it again when it is back', async () => {
  const [ada, system] = await Promise.all([userToken(server.issuer), systemToken(server.issuer)])
  const code = await obtainCode(server.issuer, newBrowser(server.issuer), { client_id: 'agenda', scope: 'openid gk_calendar', resource: AUDIENCE })
  const { body } = await redeem(server.issuer, code, {}, { authorization: basic('agenda') })
  const [forItAlone, refreshToken] = [String(body['access_token']), String(body['refresh_token'])]
  const refreshed = (): ReturnType<typeof post> => post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken }, { authorization: basic('agenda') })
  for (const token of [ada, forItAlone, system]) expect([(await call(token)).status, await asked(token)]).toEqual([200, 200])

  await switched('off')
  await expect.poll(async () => (await call(ada)).status).toBe(404)
  upstream.seen()
  for (const token of [ada, forItAlone, system]) expect([(await call(token)).status, await asked(token)]).toEqual([404, 403])
  expect(upstream.seen()).toEqual([])
  expect((await get(server.issuer, '/.well-known/oauth-protected-resource/gk/calendar')).status).toBe(404)
  // What is for other things, too, is good for those.
  expect(await introspected(ada)).toMatchObject({ active: true, scope: 'openid profile' })
  expect([await introspected(forItAlone), await introspected(forItAlone, 'agenda')]).toEqual([{ active: false }, { active: false }])
  expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${ada}` })).status).toBe(200)
  // Nor is there a new one, by any name.
  expect(await robot({ scope: 'gk_calendar' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  expect(await robot({ resource: AUDIENCE })).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  expect(await robot({ resource: `${server.issuer}/gk/calendar` })).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  const exchange = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: ada, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', audience: AUDIENCE }
  expect(await post(server.issuer, '/oauth/token', exchange, { authorization: basic('agenda') })).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  expect(await introspected(await userToken(server.issuer))).toMatchObject({ scope: 'openid profile' })
  expect(await refreshed()).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  // Long after it would have been taken for a copy, had it been used up.
  await server.advance(60)

  await switched('on')
  await expect.poll(async () => (await call(ada)).status).toBe(200)
  for (const token of [ada, forItAlone, system]) expect([(await call(token)).status, await asked(token)]).toEqual([200, 200])
  expect(await introspected(forItAlone)).toMatchObject({ active: true, aud: AUDIENCE })
  const { status, body: again } = await refreshed()
  expect([status, (await call(String(again['access_token']))).status]).toEqual([200, 200])
})
