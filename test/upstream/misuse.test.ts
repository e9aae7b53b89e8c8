import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, newPkce } from '../support/relying-party.ts'
import { type Misbehaviour, providerYaml, startUpstream, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { claimsOf, expectNobody, leaveFor, returnFrom } from './journey.ts'

// Every answer that must not be believed: nobody is signed in, nothing is spent, and the page has a reference and a way on.

let server: TestServer
let upstream: UpstreamProvider
let second: UpstreamProvider

beforeAll(async () => {
  ;[upstream, second] = await Promise.all([startUpstream(), startUpstream()])
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await server.apply(`${providerYaml(upstream, 'up')}\n---\n${providerYaml(second, 'second')}`)
  // The metadata is fetched once, while all is well.
  await leaveFor(server, 'up')
  await leaveFor(server, 'second')
})
afterAll(async () => {
  await server.close()
  await Promise.all([upstream.close(), second.close()])
})
beforeEach(() => {
  upstream.misbehave = {}
  second.misbehave = {}
  upstream.hits.clear()
  second.hits.clear()
})

function expectWayOn(page: Page, status: number): void {
  expect(pageName(page), page.html.slice(0, 300)).toBe('upstream')
  expect(page.status).toBe(status)
  expect(page.html).toMatch(/id="reference"[^>]*>[0-9A-Z]{4}-[0-9A-Z]{4}</)
  expect(page.html).toMatch(/id="(retry|start-again)"/)
}

function wayOn(page: Page): string {
  return (/id="(?:retry|start-again)" href="([^"]+)"/.exec(page.html)?.[1] ?? '').replaceAll('&amp;', '&')
}

/** "Try again" of a page, with a provider that behaves: the journey goes on as if nothing had been. */
async function expectJourneyLives(browser: Browser, page: Page): Promise<URL> {
  upstream.misbehave = {}
  const again = await browser.open(wayOn(page))
  expect(again.status, again.html.slice(0, 300)).toBe(0)
  return new URL(again.url)
}

const now = Math.floor(Date.now() / 1000)
const wrong: readonly (readonly [string, Misbehaviour, number])[] = [
  ['the issuer of another provider in the answer (mix-up)', { iss: 'https://elsewhere.example' }, 400],
  ['no issuer in the answer of a provider that sends it', { iss: null }, 400],
  ['an ID token of another issuer', { claims: { iss: 'https://elsewhere.example' } }, 400],
  ['an ID token for another client', { claims: { aud: 'another-client' } }, 400],
  ['an ID token for us and others', { claims: { aud: ['portner-at-upstream', 'another-client'], azp: 'portner-at-upstream' } }, 400],
  ['an ID token that another client asked for', { claims: { azp: 'another-client' } }, 400],
  ['another nonce', { claims: { nonce: 'of-another-sign-in' } }, 400],
  ['no nonce', { claims: { nonce: undefined } }, 400],
  ['an expired ID token', { claims: { exp: now - 60 } }, 400],
  ['an ID token that never expires', { claims: { exp: undefined } }, 400],
  ['an ID token of an hour ago', { claims: { iat: now - 3600 } }, 400],
  ['an ID token of the future', { claims: { iat: now + 3600 } }, 400],
  ['a sign-in in the future', { claims: { auth_time: now + 3600 } }, 400],
  ['no subject', { claims: { sub: undefined } }, 400],
  ['an empty subject', { claims: { sub: '' } }, 400],
  ['a subject longer than any', { claims: { sub: 'x'.repeat(256) } }, 400],
  ['an ID token without signature', { algorithm: 'none' }, 400],
  ['an ID token signed with our secret', { algorithm: 'HS256' }, 400],
  ['an ID token signed with another key', { algorithm: 'other-key' }, 400],
  ['a refusal', { error: 'access_denied' }, 403],
  ['a provider that is busy', { error: 'temporarily_unavailable' }, 503],
  ['an error of nobody', { error: '<script>alert(1)</script>' }, 400],
  ['a token endpoint that is down', { down: ['/token'] }, 503],
  ['a token endpoint that answers nonsense', { garbage: ['/token'] }, 400],
  ['a token endpoint that sends us elsewhere', { redirect: ['/token'] }, 400],
  ['a token endpoint that hangs', { hang: ['/token'] }, 503],
]

describe('an answer that is not believed', () => {
  test.each(wrong)('%s', async (_name, misbehave, status) => {
    const away = await leaveFor(server, 'up')
    upstream.misbehave = misbehave
    const start = Date.now()
    const page = await returnFrom(upstream, away)
    expect(Date.now() - start).toBeLessThan(10_000)
    expectWayOn(page, status)
    expect(page.html).not.toContain('<script>alert')
    await expectNobody(server, away.browser)
    const departure = await expectJourneyLives(away.browser, page)
    // Whoever was the wrong one must be asked who they are; who was never asked need not.
    expect(departure.searchParams.get('prompt')).toBe(status === 503 ? null : 'login')
    upstream.misbehave = { claims: { auth_time: Math.floor(Date.now() / 1000) } }
    expect(await claimsOf(server, await returnFrom(upstream, { ...away, departure }), { ...away, departure })).toMatchObject({ name: 'Ada Upstream' })
  })

  test('the page stays on reload and in another language, and "back to the application" refuses there', async () => {
    const away = await leaveFor(server, 'up')
    upstream.misbehave = { error: 'access_denied' }
    const page = await returnFrom(upstream, away)
    expect(new URL(page.url).search).toBe('')
    expectWayOn(await away.browser.open(page.url), 403)
    expectWayOn(await away.browser.open(`/locale?locale=fi&return=${encodeURIComponent(new URL(page.url).pathname)}`), 403)
    const answer = answerOf(await away.browser.submit(page, 'decision', { decision: 'leave' }))
    expect(answer.get('error')).toBe('access_denied')
    expect(answer.get('state')).toBe('the-state')
  })

  test('"choose another institution" leads to the others', async () => {
    const away = await leaveFor(server, 'up')
    upstream.misbehave = { error: 'access_denied' }
    const page = await returnFrom(upstream, away)
    expect(pageName(await away.browser.open(/id="other-provider" href="([^"]+)"/.exec(page.html)?.[1] ?? ''))).toBe('discovery')
  })
})

describe('a provider that cannot be asked', () => {
  const metadata = '/.well-known/openid-configuration'
  test.each<readonly [string, Misbehaviour]>([
    ['down', { down: [metadata] }],
    ['hanging', { hang: [metadata] }],
    ['answering nonsense', { garbage: [metadata] }],
    ['sending us elsewhere', { redirect: [metadata] }],
    ['saying it is another', { metadata: { issuer: 'https://elsewhere.example' } }],
    ['without an authorization endpoint', { metadata: { authorization_endpoint: undefined } }],
    ['with an authorization endpoint that is a script', { metadata: { authorization_endpoint: 'javascript:alert(1)' } }],
  ])('%s: the page, and the others go on', async (_name, misbehave) => {
    const fresh = await startUpstream()
    try {
      const id = `fresh-${new URL(fresh.issuer).port}`
      await server.apply(providerYaml(fresh, id))
      fresh.misbehave = misbehave
      const browser = newBrowser(server.issuer)
      const discovery = await browser.open(authorizationUrl(server.issuer, newPkce()))
      const start = Date.now()
      const page = await browser.open(`${new URL(discovery.url).pathname.replace(/discovery$/, 'login')}?provider=${id}`)
      expect(Date.now() - start).toBeLessThan(10_000)
      expectWayOn(page, 503)
      // What failed is not remembered.
      fresh.misbehave = {}
      expect((await browser.open(wayOn(page))).status).toBe(0)
      expect((await leaveFor(server, 'up')).departure.origin).toBe(upstream.issuer)
    } finally {
      await fresh.close()
    }
  })
})

describe('an answer in the wrong hands, or twice', () => {
  test('replayed after it was taken', async () => {
    const away = await leaveFor(server, 'up')
    const back = await upstream.visit(away.departure.href)
    expect(pageName(await away.browser.open(back))).not.toBe('upstream')
    expectWayOn(await away.browser.open(back), 400)
    expect(upstream.hits.get('/token')).toBe(1)
  })

  test('twenty times at once: taken once', async () => {
    const away = await leaveFor(server, 'up')
    const back = await upstream.visit(away.departure.href)
    const pages = await Promise.all(Array.from({ length: 20 }, () => away.browser.open(back)))
    expect(pages.filter((page) => pageName(page) !== 'upstream' && page.status !== 503)).toHaveLength(1)
    expect(upstream.hits.get('/token')).toBe(1)
  })

  test('in another browser: it is not taken, and the right browser can still use it', async () => {
    const away = await leaveFor(server, 'up')
    const back = await upstream.visit(away.departure.href)
    for (const stranger of [newBrowser(server.issuer), (await leaveFor(server, 'up')).browser]) {
      expectWayOn(await stranger.open(back), 400)
      await expectNobody(server, stranger)
    }
    expect(upstream.hits.get('/token')).toBeUndefined()
    expect(await claimsOf(server, await away.browser.open(back), away)).toMatchObject({ name: 'Ada Upstream' })
  })

  test('after the cookies were cleared: a page, and starting again ends well', async () => {
    const away = await leaveFor(server, 'up')
    const back = await upstream.visit(away.departure.href)
    away.browser.cookies.clear()
    const page = await away.browser.open(back)
    expectWayOn(page, 400)
    const discovery = await away.browser.open(wayOn(page))
    expect(pageName(discovery)).toBe('discovery')
    const departure = new URL((await away.browser.open(`${new URL(discovery.url).pathname.replace(/discovery$/, 'login')}?provider=up`)).url)
    expect(await claimsOf(server, await returnFrom(upstream, { ...away, departure }), away)).toMatchObject({ name: 'Ada Upstream' })
  })

  test('at the address of another provider (mix-up): nothing is sent to either', async () => {
    const away = await leaveFor(server, 'up')
    const back = new URL(await upstream.visit(away.departure.href))
    back.pathname = '/signin/callback/second'
    back.searchParams.set('iss', second.issuer)
    expectWayOn(await away.browser.open(back.href), 400)
    expect([upstream.hits.get('/token'), second.hits.get('/token')]).toEqual([undefined, undefined])
    back.pathname = '/signin/callback/up'
    back.searchParams.set('iss', upstream.issuer)
    expect(await claimsOf(server, await away.browser.open(back.href), away)).toMatchObject({ name: 'Ada Upstream' })
  })

  test('with the code of another sign-in: the provider refuses it, or the nonce does', async () => {
    const [victim, attacker] = [await leaveFor(server, 'up'), await leaveFor(server, 'up')]
    const stolen = new URL(await upstream.visit(attacker.departure.href)).searchParams.get('code') ?? ''
    const back = new URL(await upstream.visit(victim.departure.href))
    back.searchParams.set('code', stolen)
    expectWayOn(await victim.browser.open(back.href), 400)
    await expectNobody(server, victim.browser)
  })

  test.each([
    ['no state', ''],
    ['a state of nobody', '?state=x&code=y'],
    ['a state of no journey', `?state=00000000-0000-7000-8000-000000000000.${'A'.repeat(43)}&code=y`],
    ['an unknown provider', ''],
  ])('%s: a page with a reference', async (name, query) => {
    const page = await newBrowser(server.issuer).open(`/signin/callback/${name === 'an unknown provider' ? 'nobody' : 'up'}${query}`)
    expect(pageName(page)).toBe('upstream')
    expect(page.status).toBe(400)
    expect(page.html).toContain('id="reference"')
  })

  test.each(['?state=a&state=b', '?state=%ZZ', '?code=%00'])('what cannot be read is refused as such: %s', async (query) => {
    const page = await newBrowser(server.issuer).open(`/signin/callback/up${query}`)
    expect([page.status, pageName(page)]).toEqual([400, 'error'])
  })

  test('the state of this journey with other random bits: not taken, the journey goes on', async () => {
    const away = await leaveFor(server, 'up')
    const back = new URL(await upstream.visit(away.departure.href))
    back.searchParams.set('state', `${(away.departure.searchParams.get('state') ?? '').slice(0, 37)}${'A'.repeat(43)}`)
    expectWayOn(await away.browser.open(back.href), 400)
    expect(upstream.hits.get('/token')).toBeUndefined()
  })

  test('a day later', async () => {
    const away = await leaveFor(server, 'up')
    const back = await upstream.visit(away.departure.href)
    await server.advance(86_500)
    try {
      expectWayOn(await away.browser.open(back), 400)
      expect(upstream.hits.get('/token')).toBeUndefined()
    } finally {
      await server.advance(-86_500)
    }
  })
})

describe('two tabs', () => {
  test('each comes back to its own journey', async () => {
    const one = await leaveFor(server, 'up')
    const two = await leaveFor(server, 'up', {}, one.browser)
    expect(await claimsOf(server, await returnFrom(upstream, two), two)).toMatchObject({ name: 'Ada Upstream' })
    const back = await returnFrom(upstream, one)
    expect(pageName(back)).not.toBe('upstream')
    expect(await claimsOf(server, back, one)).toMatchObject({ name: 'Ada Upstream' })
  })

  test('of the same journey: the first to come back counts, whichever it is', async () => {
    const one = await leaveFor(server, 'up')
    const state = one.departure.searchParams.get('state') ?? ''
    const again = await one.browser.open(`/signin/${state.slice(0, 36)}/login?provider=up`)
    expect(new URL(again.url).searchParams.get('state')).not.toBe(state)
    expect(await claimsOf(server, await returnFrom(upstream, one), one)).toMatchObject({ name: 'Ada Upstream' })
    expectWayOn(await one.browser.open(await upstream.visit(again.url)), 400)
  })

  test('a journey keeps no more than eight departures', async () => {
    const away = await leaveFor(server, 'up')
    const id = (away.departure.searchParams.get('state') ?? '').slice(0, 36)
    let last = away.departure.href
    for (let i = 0; i < 20; i++) last = (await away.browser.open(`/signin/${id}/login?provider=up`)).url
    const { rows } = await sql<{ n: number }>`select (select count(*)::int from jsonb_object_keys(progress->'attempts')) as n from interactions where interaction_id = ${id}`.execute(server.ctx.db)
    expect(rows[0]?.n).toBeLessThanOrEqual(8)
    expect(pageName(await away.browser.open(await upstream.visit(last)))).not.toBe('upstream')
  })
})
