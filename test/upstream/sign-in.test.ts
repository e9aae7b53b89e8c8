import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, newPkce, walk } from '../support/relying-party.ts'
import { providerYaml, startUpstream, UPSTREAM_SECRET, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { claimsOf, leaveFor, returnFrom } from './journey.ts'

let server: TestServer
let upstream: UpstreamProvider
const person = { sub: 'ada-at-upstream', name: 'Ada Upstream', email: 'ada@ntu.example', email_verified: true }

beforeAll(async () => {
  upstream = await startUpstream()
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await server.apply(providerYaml(upstream, 'up'))
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.person = person
  upstream.misbehave = {}
  upstream.asked.length = 0
  upstream.redeemed.length = 0
})

const SCOPE = 'openid profile email groups userid'

describe('a first sign-in', () => {
  test('leads through the provider to the client, with everything that protects it', async () => {
    const away = await leaveFor(server, 'up', { scope: SCOPE, login_hint: 'ada@ntu.example', ui_locales: 'nb', acr_values: 'urn:level:2' })
    const asked = away.departure.searchParams
    expect(away.departure.origin).toBe(upstream.issuer)
    expect(Object.fromEntries(asked)).toMatchObject({ response_type: 'code', client_id: 'portner-at-upstream', redirect_uri: `${server.issuer}/signin/callback/up`, scope: 'openid profile email', code_challenge_method: 'S256', login_hint: 'ada@ntu.example', ui_locales: 'nb', acr_values: 'urn:level:2' })
    expect(asked.get('state')).toMatch(/\.[\w-]{43}$/)
    expect(asked.get('nonce')).toMatch(/^[\w-]{43}$/)
    expect(asked.has('prompt')).toBe(false)
    upstream.misbehave = { claims: { acr: 'urn:level:2', amr: ['pwd', 'otp'] } }
    const page = await returnFrom(upstream, away)
    expect(pageName(page)).toBe('consent')
    const claims = await claimsOf(server, page, away)
    expect(claims).toMatchObject({ name: 'Ada Upstream', email: 'ada@ntu.example', email_verified: true, acr: 'urn:level:2', amr: ['pwd', 'otp'] })
    expect(claims['sub']).not.toBe('ada-at-upstream')
    const [redeemed] = upstream.redeemed
    expect(redeemed?.pkceHolds).toBe(true)
    const [id, secret] = Buffer.from(redeemed?.authorization?.replace('Basic ', '') ?? '', 'base64').toString('utf8').split(':').map((part) => new URLSearchParams(`v=${part}`).get('v'))
    expect([id, secret]).toEqual(['portner-at-upstream', UPSTREAM_SECRET])
    expect(redeemed?.parameters.has('client_secret')).toBe(false)
  })

  test('is somebody else than the local account with the same e-mail address', async () => {
    const away = await leaveFor(server, 'up', { scope: SCOPE })
    const theirs = await claimsOf(server, await returnFrom(upstream, away), away)
    const here = { browser: newBrowser(server.issuer), pkce: newPkce(), departure: away.departure }
    const ours = await claimsOf(server, await walk(here.browser, await here.browser.open(authorizationUrl(server.issuer, here.pkce, { scope: SCOPE })), 'ada'), here)
    expect(ours['email']).toBe(theirs['email'])
    expect(ours['sub']).not.toBe(theirs['sub'])
    // The newcomer's address must not keep the owner from signing in with it.
    const byMail = newBrowser(server.issuer)
    const start = await byMail.open(authorizationUrl(server.issuer, newPkce()))
    const login = await byMail.open(`${new URL(start.url).pathname.replace(/\/[^/]*$/, '')}/login?provider=ntu`)
    expect(pageName(await byMail.submit(login, 'username', { username: 'ada@ntu.example', password: 'ada has a password' }))).not.toBe('login')
  })

  test('of the same person at the same moment is one user', async () => {
    upstream.person = { ...person, sub: 'at-the-same-moment' }
    const away = await Promise.all(Array.from({ length: 6 }, () => leaveFor(server, 'up', { scope: SCOPE })))
    const claims = await Promise.all(away.map(async (one) => claimsOf(server, await returnFrom(upstream, one), one)))
    expect(new Set(claims.map((one) => one['sub'])).size).toBe(1)
    const orphans = await server.ctx.db.selectFrom('users').select('user_id').where('username', 'is', null).execute()
    const { rows } = await sql<{ n: string }>`select count(distinct user_id) as n from identities`.execute(server.ctx.db)
    expect(orphans.length).toBe(Number(rows[0]?.n))
  })
})

describe('the next sign-in', () => {
  test('finds the same user, and what the provider says now', async () => {
    const first = await leaveFor(server, 'up', { scope: SCOPE })
    const before = await claimsOf(server, await returnFrom(upstream, first), first)
    upstream.person = { ...person, name: 'Ada Married', email: 'new@ntu.example', email_verified: false }
    const second = await leaveFor(server, 'up', { scope: SCOPE })
    const after = await claimsOf(server, await returnFrom(upstream, second), second)
    expect(after).toMatchObject({ sub: before['sub'], name: 'Ada Married', email: 'new@ntu.example', email_verified: false })
  })

  test('of another subject with the same address is another user', async () => {
    const [one, other] = [await leaveFor(server, 'up', { scope: SCOPE }), await leaveFor(server, 'up', { scope: SCOPE })]
    const first = await claimsOf(server, await returnFrom(upstream, one), one)
    upstream.person = { ...person, sub: 'somebody-else' }
    expect((await claimsOf(server, await returnFrom(upstream, other), other))['sub']).not.toBe(first['sub'])
  })

  test('from the chooser: the remembered account leads straight back to the provider, over a page when a form led there', async () => {
    const first = await leaveFor(server, 'up', { scope: SCOPE })
    await claimsOf(server, await returnFrom(upstream, first), first)
    const { browser } = first
    const chooser = await browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'select_account login', scope: SCOPE }), { headers: { 'sec-fetch-dest': 'document' } })
    expect(pageName(chooser)).toBe('chooser')
    const account = /data-account="([^"]+)"/.exec(chooser.html)?.[1] ?? ''
    const left = await browser.submit(chooser, 'account', { account })
    expect(left.status).toBe(0)
    expect(new URL(left.url).searchParams.get('prompt')).toBe('login')
    expect(new URL(left.url).searchParams.get('login_hint')).toBe('ada@ntu.example')
    const path = new URL(chooser.url).pathname.replace(/chooser$/, 'login')
    const afterForm = await browser.open(`${path}?after_form=1`, { headers: { 'sec-fetch-dest': 'document' } })
    expect(pageName(afterForm)).toBe('handoff')
    expect(afterForm.html).toContain(`${upstream.issuer}/authorize`)
  })
})

describe('what the client demands of the sign-in', () => {
  test.each([
    ['prompt=login', { prompt: 'login' }, 'login', null],
    ['max_age=0', { max_age: '0' }, 'login', '0'],
    ['max_age=600', { max_age: '600' }, null, '600'],
    ['nothing', {}, null, null],
  ])('%s goes up', async (_name, changes, prompt, maxAge) => {
    const { departure } = await leaveFor(server, 'up', changes)
    expect(departure.searchParams.get('prompt')).toBe(prompt)
    expect(departure.searchParams.get('max_age')).toBe(maxAge)
  })

  const ago = (seconds: number) => Math.floor(Date.now() / 1000) - seconds

  test.each([
    ['an old sign-in after prompt=login', { prompt: 'login' }, 3600, 'upstream'],
    ['a sign-in older than max_age', { max_age: '600' }, 3600, 'upstream'],
    ['no auth_time after max_age', { max_age: '600' }, undefined, 'upstream'],
    ['a sign-in within max_age', { max_age: '600' }, 300, 'consent'],
    ['a fresh sign-in after prompt=login', { prompt: 'login' }, 0, 'consent'],
    ['an old sign-in where nothing was demanded', {}, 3600, 'consent'],
  ])('%s', async (_name, changes, age, expected) => {
    const away = await leaveFor(server, 'up', { ...changes, scope: 'openid offline_access profile phone' })
    upstream.misbehave = { claims: { auth_time: age === undefined ? undefined : ago(age), sub: `demands ${expected} ${String(age)}` } }
    expect(pageName(await returnFrom(upstream, away))).toBe(expected)
  })

  test('auth_time is when the person signed in there', async () => {
    const away = await leaveFor(server, 'up')
    const authTime = ago(1800)
    upstream.misbehave = { claims: { auth_time: authTime } }
    expect((await claimsOf(server, await returnFrom(upstream, away), away))['auth_time']).toBe(authTime)
  })

  test('an essential acr that the provider did not reach refuses; one that it reached is passed on', async () => {
    const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:level:3'] } } })
    const weak = await leaveFor(server, 'up', { claims })
    upstream.misbehave = { claims: { acr: 'urn:level:1' } }
    expect(answerOf(await returnFrom(upstream, weak)).get('error')).toBe('unmet_authentication_requirements')
    const strong = await leaveFor(server, 'up', { claims })
    upstream.misbehave = { claims: { acr: 'urn:level:3' } }
    expect((await claimsOf(server, await returnFrom(upstream, strong), strong))['acr']).toBe('urn:level:3')
  })
})

test('an answer by form post finds the journey over a GET', async () => {
  const away = await leaveFor(server, 'up')
  const back = new URL(await upstream.visit(away.departure.href))
  const page = await away.browser.open(back.pathname, { method: 'POST', body: back.searchParams, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: upstream.issuer, 'sec-fetch-site': 'cross-site' } })
  expect(await claimsOf(server, page, away)).toMatchObject({ name: 'Ada Upstream' })
})

test('no secret, code, state or token is logged', async () => {
  const away = await leaveFor(server, 'up')
  const back = await upstream.visit(away.departure.href)
  await away.browser.open(back)
  const values = [UPSTREAM_SECRET, away.departure.searchParams.get('state'), away.departure.searchParams.get('nonce'), new URL(back).searchParams.get('code')]
  for (const value of values) expect(server.logged()).not.toContain(value ?? 'nothing')
})
