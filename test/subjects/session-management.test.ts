import { createHash } from 'node:crypto'
import cookie from '@fastify/cookie'
import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeScriptCookie } from '../../src/http/cookies.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, get, newPkce, type Parameters, walk } from '../support/relying-party.ts'

// What a client gets to ask whether its person is still signed in (OpenID Connect Session Management 1.0); the frame itself is asked by a
// real browser in chromium-session-management.test.ts.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const ask = async (browser: Browser, changes: Parameters = {}, username = 'ada'): Promise<URLSearchParams> => answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), changes)), username))
const stateOf = (browser: Browser): string => browser.cookies.get('portner_login_state') ?? ''

test('a good answer brings a salted hash of client, origin and the cookie\'s state', async () => {
  const browser = newBrowser(server.issuer)
  const [, hash, salt] = /^([\w-]{43})\.([\w-]+)$/.exec((await ask(browser)).get('session_state') ?? '') ?? []
  expect(hash).toBe(createHash('sha256').update(['planner', 'https://planner.example.org', stateOf(browser), salt].join(' ')).digest('base64url'))
  const again = (await ask(browser, { prompt: 'none' })).get('session_state') ?? ''
  expect(again).not.toContain(salt)
})

test('no answer without sign-in brings one, nor one that is not about OpenID Connect', async () => {
  expect((await ask(newBrowser(server.issuer), { prompt: 'none' })).has('session_state')).toBe(false)
  expect((await ask(newBrowser(server.issuer), { scope: 'profile', nonce: undefined })).has('session_state')).toBe(false)
})

test('the state stays while the same people are signed in, and is another for each of them', async () => {
  const browser = newBrowser(server.issuer)
  await ask(browser)
  const alone = stateOf(browser)
  await ask(browser, { client_id: 'second', redirect_uri: 'https://second.example.org/callback', prompt: 'login' })
  expect(stateOf(browser)).toBe(alone)
  await ask(browser, { prompt: 'select_account' }, 'lin')
  expect(stateOf(browser)).not.toBe(alone)
  const other = newBrowser(server.issuer)
  await ask(other)
  expect(stateOf(other)).not.toBe(alone)
})

describe('signing out changes it', () => {
  test('by the page that asks', async () => {
    const browser = newBrowser(server.issuer)
    await ask(browser)
    const before = stateOf(browser)
    await browser.submit(await browser.open('/oauth/logout'), 'decision', { decision: 'confirm' })
    expect(stateOf(browser)).toMatch(/^[\w-]{22}$/)
    expect(stateOf(browser)).not.toBe(before)
  })

  test('by any other page of ours: the account chooser', async () => {
    const browser = newBrowser(server.issuer)
    await ask(browser)
    const before = stateOf(browser)
    const chooser = await browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'select_account' }))
    const manage = await browser.open(new URL(chooser.url).pathname.replace('/chooser', '/accounts'))
    await browser.submit(manage, 'remove', { remove: /name="remove" value="([^"]+)"/.exec(manage.html)?.[1] ?? '' })
    expect(stateOf(browser)).not.toBe(before)
  })

  test('elsewhere, from the next form on', async () => {
    const browser = newBrowser(server.issuer)
    await ask(browser)
    const before = stateOf(browser)
    await server.ctx.db.updateTable('sessions' as never).set({ ended_at: new Date() } as never).execute()
    await browser.open('/oauth/logout')
    expect(stateOf(browser)).not.toBe(before)
  })
})

test('a browser that no client asked about gets no such cookie', async () => {
  const browser = newBrowser(server.issuer)
  await walk(browser, await browser.open('/account'))
  expect(stateOf(browser)).toBe('')
})

test('the cookie opens nothing: the session is in the other one', async () => {
  const browser = newBrowser(server.issuer)
  await ask(browser)
  browser.cookies.delete('portner_session')
  expect((await ask(browser, { prompt: 'none' })).get('error')).toBe('login_required')
})

test('under https the cookie reaches frames of other sites, bound to this host', async () => {
  const app = fastify()
  await app.register(cookie)
  app.get('/', async (_request, reply) => {
    writeScriptCookie(reply, { loopback: false }, 'login_state', 'a-state')
    return 'good'
  })
  expect((await app.inject('/')).headers['set-cookie']).toBe('__Host-portner_login_state=a-state; Path=/; Secure; SameSite=None')
  await app.close()
})

test('the frame is advertised, may stand in any page, and runs our script alone; no other page may be framed', async () => {
  const { body } = await get(server.issuer, '/.well-known/openid-configuration')
  expect(body['check_session_iframe']).toBe(`${server.issuer}/oauth/check-session`)
  const frame = await fetch(String(body['check_session_iframe']))
  expect(frame.headers.get('x-frame-options')).toBeNull()
  expect(frame.headers.get('content-security-policy')).toBe("default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'")
  expect(await frame.text()).toMatch(/^<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Session state<\/title><script src="\/assets\/check-session\.[0-9a-f]+\.js" defer><\/script><\/head><body><\/body><\/html>$/)
  for (const path of ['/', '/oauth/logout', '/.well-known/jwks.json']) {
    const { headers } = await fetch(server.issuer + path)
    expect([headers.get('x-frame-options'), headers.get('content-security-policy')]).toEqual(['DENY', expect.stringContaining("frame-ancestors 'none'")])
  }
})
