import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { chromiumPath } from '../support/chromium.ts'
import { type ClientSite, launchChromium, newPerson, startClientSite } from '../support/chromium-page.ts'
import { authorizationUrl } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'
import { redeem, startProvider } from './party.ts'

// The two pages that go on by themselves, in a real browser: an answer as a form, and a sign-out that is told in frames.

let server: TestServer
let browser: Browser
let site: ClientSite
const withBrowser = test.skipIf(chromiumPath() === undefined)

beforeAll(async () => {
  if (chromiumPath() === undefined) return
  ;[server, browser, site] = await Promise.all([startProvider(), launchChromium(), startClientSite()])
  const { origin } = new URL(site.callback)
  await server.apply(`
kind: client
client_id: onward
client_secret: { value: ${SECRET} }
client_name: Onward
redirect_uris: ['${site.callback}']
post_logout_redirect_uris: ['${origin}/bye']
frontchannel_logout_uri: '${origin}/frame'
compatibility: [no_pkce]
scope: openid profile
consent: implied
login_providers: [ntu]
`)
})
afterAll(async () => {
  if (chromiumPath() === undefined) return
  await Promise.all([browser.close(), site.close()])
  await server.close()
})

withBrowser('the answer is posted and the sign-out goes on, without a click', async () => {
  const { page, context, complaints } = await newPerson(browser)
  await page.goto(authorizationUrl(server.issuer, undefined, { client_id: 'onward', redirect_uri: site.callback, response_mode: 'form_post' }))
  await page.fill('[name=username]', 'ada')
  await page.fill('[name=password]', 'ada has a password')
  await page.click('#login-submit')
  await page.waitForURL(site.callback)
  expect(site.received.at(-1)?.method).toBe('POST')
  const { body } = await redeem({ server, clientId: 'onward', secret: SECRET, redirectUri: site.callback, method: 'client_secret_basic' }, site.lastAnswer().get('code'))

  const back = site.callback.replace('/callback', '/bye')
  await page.goto(`${server.issuer}/oauth/logout?${new URLSearchParams({ id_token_hint: String(body['id_token']), post_logout_redirect_uri: back, state: 'bye' })}`)
  await page.waitForURL(`${back}?state=bye`)
  const paths = site.received.map(({ url }) => url.pathname)
  expect(paths.slice(-2)).toEqual(['/frame', '/bye'])
  expect([...(site.received.at(-2)?.url.searchParams.keys() ?? [])]).toEqual(['iss', 'sid'])
  expect(complaints).toEqual([])
  await context.close()
})
