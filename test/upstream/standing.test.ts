import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { updateProgress } from '../../src/signin/store.ts'
import { troubledProviders } from '../../src/upstream/health.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce } from '../support/relying-party.ts'
import { providerYaml, startUpstream, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { claimsOf, leaveFor, returnFrom } from './journey.ts'

// How a provider stands with us over time: whose people its subjects are, how it is doing, and what is remembered of a visit.

const SCOPE = 'openid profile email groups userid'

let server: TestServer
let upstream: UpstreamProvider
let second: UpstreamProvider

beforeAll(async () => {
  ;[upstream, second] = await Promise.all([startUpstream(), startUpstream()])
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await server.apply(`${providerYaml(upstream, 'up')}\n---\n${providerYaml(second, 'second')}`)
})
afterAll(async () => {
  await server.close()
  await Promise.all([upstream.close(), second.close()])
})
beforeEach(() => {
  upstream.misbehave = {}
  second.misbehave = {}
})

async function userOf(providerId: string, at: UpstreamProvider): Promise<unknown> {
  const away = await leaveFor(server, providerId, { scope: SCOPE })
  return (await claimsOf(server, await returnFrom(at, away), away))['userid']
}

async function pointAt(at: UpstreamProvider): Promise<void> {
  await server.apply(providerYaml(at, 'pointed'))
}

test('a provider that is pointed at another issuer has other people, subject for subject; pointed back, the old ones', async () => {
  upstream.person = { sub: '1', name: 'First of the one' }
  second.person = { sub: '1', name: 'First of the other' }
  await pointAt(upstream)
  const ours = await userOf('pointed', upstream)
  await pointAt(second)
  const theirs = await userOf('pointed', second)
  expect(theirs).not.toBe(ours)
  await pointAt(upstream)
  expect(await userOf('pointed', upstream)).toBe(ours)
})

async function fail(): Promise<void> {
  const away = await leaveFor(server, 'up')
  expect(pageName(await returnFrom(upstream, away))).toBe('upstream')
}

describe('problems right now', () => {
  test('one lost request is none; two are; an answer ends it', async () => {
    upstream.misbehave = { down: ['/token'] }
    await fail()
    expect(await troubledProviders(server.ctx)).toEqual(new Set())
    await fail()
    expect(await troubledProviders(server.ctx)).toEqual(new Set(['up']))
    upstream.misbehave = {}
    await userOf('up', upstream)
    expect(await troubledProviders(server.ctx)).toEqual(new Set())
  })

  test('are not what a browser says: anybody could bring such an answer', async () => {
    upstream.misbehave = { error: 'temporarily_unavailable' }
    for (let i = 0; i < 4; i++) await fail()
    expect(await troubledProviders(server.ctx)).toEqual(new Set())
  })
})

describe('on a shared computer', () => {
  test('a person who came back from a provider is neither remembered nor signed in for the next journey', async () => {
    const browser = newBrowser(server.issuer)
    const away = await leaveFor(server, 'up', { scope: SCOPE }, browser)
    const journey = (away.departure.searchParams.get('state') ?? '').split('.')[0] ?? ''
    await updateProgress(server.ctx, journey, { shared: true })
    expect(await claimsOf(server, await returnFrom(upstream, away), away)).toHaveProperty('sub')
    const next = await browser.open(authorizationUrl(server.issuer, newPkce()))
    expect(pageName(next)).toBe('discovery')
    expect(next.html).not.toContain('id="remembered"')
    expect([...browser.cookies.keys()].some((name) => name.includes('device'))).toBe(false)
  })
})

// The provider keeps the machine's time: nobody can sign in there any more once ours has moved.
test('problems are over when nobody has seen any for five minutes', async () => {
  upstream.misbehave = { down: ['/token'] }
  await fail()
  await fail()
  await server.advance(301)
  expect(await troubledProviders(server.ctx)).toEqual(new Set())
  await fail()
  expect(await troubledProviders(server.ctx)).toEqual(new Set())
})
