import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { answerOf, walk } from '../support/relying-party.ts'
import { claimsOf, leaveFor } from './journey.ts'

// A second server of the same kind as the provider: everything that one asks, the other must answer.

const SECRET = 'a-secret-between-two-servers-with-128-bits'
let server: TestServer
let peer: TestServer

beforeAll(async () => {
  ;[server, peer] = await Promise.all([startTestServer({ env: { PORTNER_TEST_FETCH: '1' } }), startTestServer()])
  await peer.apply(`
kind: client
client_id: downstream
client_secret: { value: ${SECRET} }
client_name: The other server
redirect_uris: ['${server.issuer}/signin/callback/peer']
scope: openid profile email
consent: implied
`)
  await server.apply(`
kind: provider
provider_id: peer
protocol: oidc
name: The peer
issuer: ${peer.issuer}
client_id: downstream
client_secret: { value: ${SECRET} }
`)
})
afterAll(async () => {
  await Promise.all([server.close(), peer.close()])
})

test('a person signs in at another server of this kind, twice: the second time without a password', async () => {
  const away = await leaveFor(server, 'peer', { scope: 'openid profile email userid' })
  const atPeer = newBrowser(peer.issuer)
  const back = await walk(atPeer, await atPeer.open(away.departure.href), 'ada')
  expect(back.url).toContain(`${server.issuer}/signin/callback/peer?`)
  const claims = await claimsOf(server, await away.browser.open(back.url), away)
  expect(claims).toMatchObject({ name: 'Ada Example', email: 'ada@ntu.example', email_verified: true, acr: 'urn:portner:acr:password', amr: ['pwd'] })

  const again = await leaveFor(server, 'peer', { scope: 'openid profile email userid' })
  const chooser = await atPeer.open(again.departure.href)
  const silently = chooser.status === 0 ? chooser : await walk(atPeer, chooser, 'ada')
  expect((await claimsOf(server, await again.browser.open(silently.url), again))['sub']).toBe(claims['sub'])
})

test('max_age and prompt=login hold over both', async () => {
  const away = await leaveFor(server, 'peer', { prompt: 'login', max_age: '60', scope: 'openid' })
  const atPeer = newBrowser(peer.issuer)
  const back = await walk(atPeer, await atPeer.open(away.departure.href), 'lin')
  expect(Number((await claimsOf(server, await away.browser.open(back.url), away))['auth_time'])).toBeGreaterThan(Date.now() / 1000 - 60)
})

test('who cancels there gets our page, and from it back to the application', async () => {
  const away = await leaveFor(server, 'peer')
  const atPeer = newBrowser(peer.issuer)
  let page = await atPeer.open(away.departure.href)
  if (pageName(page) === 'discovery') page = await atPeer.open(/href="([^"]+)"[^>]*data-provider="ntu"|data-provider="ntu"[^>]*href="([^"]+)"/.exec(page.html)?.slice(1).find(Boolean) ?? '')
  const cancelled = await atPeer.submit(page, 'username', { cancel: '1' })
  const refused = await away.browser.open(cancelled.url)
  expect([pageName(refused), refused.status]).toEqual(['upstream', 403])
  expect(answerOf(await away.browser.submit(refused, 'decision', { decision: 'leave' })).get('error')).toBe('access_denied')
})
