import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { forms, newBrowser } from '../support/browser.ts'
import { authorizationUrl, newPkce, post, providerLink } from '../support/relying-party.ts'

// Nine o'clock: more people send a password at one moment than can be looked at.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

test('some wait, some are told to come back, nobody gets a fault, and what was not looked at does not count', async () => {
  const browser = newBrowser(server.issuer)
  const page = await browser.open(providerLink(await browser.open(authorizationUrl(server.issuer, newPkce())), 'ntu'))
  const [form] = forms(page).filter(({ fields }) => 'password' in fields)
  if (form === undefined) throw new Error('no login form')
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const send = (): Promise<Response> => fetch(new URL(form.action, server.issuer), { method: 'POST', redirect: 'manual', body: new URLSearchParams({ ...form.fields, username: 'nobody', password: 'wrong' }), headers: { cookie } })
  const answers = await Promise.all(Array.from({ length: 300 }, send))
  const statuses = answers.map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([303, 429]))
  const told = answers.filter(({ status }) => status === 429)
  expect(told.length).toBeGreaterThan(100)
  expect(told.every(({ headers }) => /^[2-5]$/.test(headers.get('retry-after') ?? ''))).toBe(true)
  expect(await told[0]?.text()).toContain('data-page="error"')
  expect((await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: `Basic ${Buffer.from('robot:a-secret-for-tests-with-128-bits-5f2d').toString('base64')}` })).status).toBe(200)
})
