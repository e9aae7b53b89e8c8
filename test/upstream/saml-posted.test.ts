import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isDatabaseUnavailable } from '../../src/database/unavailable.ts'
import { deleteExpiredJob } from '../../src/jobs/delete-expired.ts'
import { openConnector } from '../../src/upstream/open.ts'
import { findProvider } from '../../src/upstream/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { providerYaml, startUpstream, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { startSamlUpstream, type UpstreamSaml } from '../support/upstream-saml.ts'
import { claimsOf, expectNobody, leaveFor } from './journey.ts'
import { comeBack, expectWayOn, introduce, post, wayOn } from './saml-journey.ts'

// An answer that a page of another site posts: it comes without our cookies, waits a moment, and is taken by the browser that left, once.

let server: TestServer
let upstream: UpstreamSaml
let second: UpstreamSaml
let oidc: UpstreamProvider

beforeAll(async () => {
  ;[upstream, second, oidc] = await Promise.all([startSamlUpstream(), startSamlUpstream(), startUpstream()])
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await introduce(server, upstream, 'uni')
  await introduce(server, second, 'second')
  await server.apply(providerYaml(oidc, 'up'))
})
afterAll(async () => {
  await server.close()
  await Promise.all([upstream.close(), second.close(), oidc.close()])
})
beforeEach(() => {
  upstream.answer = {}
})

async function kept(): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from posted_answers`.execute(server.ctx.db)
  return rows[0]?.n ?? -1
}

async function signedIn(): Promise<number> {
  return Number(/portner_logins_total\{method="saml",result="good"\} (\d+)/.exec(await server.ctx.metrics.registry.metrics())?.[1] ?? 0)
}

function next(response: Response): string {
  return new URL(response.headers.get('location') ?? '', server.issuer).href
}

describe('in the wrong hands', () => {
  test('another browser cannot use it; the right one still can', async () => {
    const away = await leaveFor(server, 'uni')
    const address = next(await post(server, await upstream.visit(away.departure.href)))
    for (const stranger of [newBrowser(server.issuer), (await leaveFor(server, 'uni')).browser]) {
      expectWayOn(await stranger.open(address), 400)
      await expectNobody(server, stranger)
    }
    expect(await claimsOf(server, await away.browser.open(address), away)).toMatchObject({ name: 'Ada Institution' })
  })

  test("an attacker's own answer does not sign a victim in as the attacker", async () => {
    const [attacker, victim] = [await leaveFor(server, 'uni'), await leaveFor(server, 'uni')]
    const answer = await upstream.visit(attacker.departure.href)
    expectWayOn(await comeBack(server, answer, victim.browser), 400)
    // With the victim's own state it answers another request.
    const state = victim.departure.searchParams.get('RelayState') ?? ''
    expectWayOn(await comeBack(server, { ...answer, fields: { ...answer.fields, RelayState: state } }, victim.browser), 400)
    await expectNobody(server, victim.browser)
  })

  test('at the address of another provider it is nothing, and nothing is spent', async () => {
    const away = await leaveFor(server, 'uni')
    const answer = await upstream.visit(away.departure.href)
    expectWayOn(await comeBack(server, { ...answer, action: answer.action.replace(/uni$/, 'second') }, away.browser), 400)
    expect(await claimsOf(server, await comeBack(server, answer, away.browser), away)).toMatchObject({ name: 'Ada Institution' })
  })

  test('of another provider, for a departure to this one', async () => {
    const away = await leaveFor(server, 'uni')
    const answer = await upstream.visit(away.departure.href)
    const asked = upstream.asked.at(-1)
    const { xml } = await second.answerTo({ id: asked?.id ?? '', acs: asked?.acs ?? '', issuer: asked?.issuer ?? '' }, { issuer: upstream.entityId, responseIssuer: upstream.entityId, key: 'other' })
    expectWayOn(await comeBack(server, { ...answer, fields: { ...answer.fields, SAMLResponse: Buffer.from(xml).toString('base64') } }, away.browser), 400)
    await expectNobody(server, away.browser)
  })

  test('with another token, or the token of another departure', async () => {
    const [one, other] = [await leaveFor(server, 'uni'), await leaveFor(server, 'uni')]
    const [address, foreign] = [new URL(next(await post(server, await upstream.visit(one.departure.href)))), new URL(next(await post(server, await upstream.visit(other.departure.href))))]
    for (const token of ['A'.repeat(43), 'x', foreign.searchParams.get('posted') ?? '']) {
      const changed = new URL(address)
      changed.searchParams.set('posted', token)
      expectWayOn(await one.browser.open(changed.href), 400)
    }
    await expectNobody(server, one.browser)
    expect(await claimsOf(server, await one.browser.open(address.href), one)).toMatchObject({ name: 'Ada Institution' })
  })
})

describe('twice', () => {
  test('after it was taken', async () => {
    const away = await leaveFor(server, 'uni')
    const answer = await upstream.visit(away.departure.href)
    const address = next(await post(server, answer))
    expect(pageName(await away.browser.open(address))).not.toBe('upstream')
    expectWayOn(await away.browser.open(address), 400)
    const before = await kept()
    expectWayOn(await comeBack(server, answer, away.browser), 400)
    expect(await kept()).toBe(before)
  })

  test('a hundred times at once: one signs in', async () => {
    const away = await leaveFor(server, 'uni')
    const answer = await upstream.visit(away.departure.href)
    const address = next(await post(server, answer))
    const before = await signedIn()
    await Promise.all(Array.from({ length: 100 }, () => away.browser.open(address)))
    expect((await signedIn()) - before).toBe(1)
  })

  test('the same assertion for two departures: the second is a replay, also a hundred at once', async () => {
    const facts = await findProvider(server.ctx, 'uni')
    const connector = facts && openConnector(server.ctx, facts)
    if (connector?.kind !== 'redirect') throw new Error('no connector')
    const redirectUri = `${server.issuer}/signin/callback/uni`
    const { url, kept: keptText } = await connector.begin({ redirectUri, state: 's', fresh: false, maxAge: undefined, loginHint: undefined, acrValues: [], uiLocales: undefined })
    const { fields } = await upstream.visit(url)
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => connector.complete({ redirectUri, state: 's', kept: keptText, parameters: new URLSearchParams(fields) })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    // With so many at once some find no free connection; the others have come before.
    const reasons = results.flatMap((result): unknown[] => (result.status === 'rejected' && !isDatabaseUnavailable(result.reason) ? [result.reason] : []))
    expect(new Set(reasons.map((reason) => (reason as { detail?: string }).detail))).toEqual(new Set(['replayed']))
  })

  test('posted anew before it was taken: the later one counts', async () => {
    const away = await leaveFor(server, 'uni')
    const answer = await upstream.visit(away.departure.href)
    const [first, later] = [next(await post(server, answer)), next(await post(server, answer))]
    expectWayOn(await away.browser.open(first), 400)
    expect(await claimsOf(server, await away.browser.open(later), away)).toMatchObject({ name: 'Ada Institution' })
  })
})

describe('what nobody waits for', () => {
  test.each([
    ['a sign-in that began at the institution', {}],
    ['an application of its own in the place of our state', { RelayState: 'https://planner.example.org/' }],
    ['the state of no journey', { RelayState: `00000000-0000-7000-8000-000000000000.${'A'.repeat(43)}` }],
  ])('%s is not kept', async (_name, fields) => {
    const before = await kept()
    const away = await leaveFor(server, 'uni')
    const answer = await upstream.visit(away.departure.href)
    const page = await comeBack(server, { action: answer.action, fields: { SAMLResponse: answer.fields['SAMLResponse'] ?? '', ...fields } }, away.browser)
    expect([page.status, pageName(page)]).toEqual([400, 'upstream'])
    expect(page.html).toContain('id="reference"')
    expect(await kept()).toBe(before)
    await expectNobody(server, away.browser)
  })

  test('one departure keeps one answer, however many are posted; sealed, and gone after two minutes', async () => {
    await server.advance(180)
    await deleteExpiredJob.run(server.ctx, () => false)
    expect(await kept()).toBe(0)
    const away = await leaveFor(server, 'uni')
    const answer = await upstream.visit(away.departure.href)
    const addresses = await Promise.all(Array.from({ length: 30 }, async () => next(await post(server, answer))))
    expect(await kept()).toBe(1)
    const { rows } = await sql<{ sealed: Buffer }>`select sealed_fields as sealed from posted_answers`.execute(server.ctx.db)
    expect(rows[0]?.sealed.includes(Buffer.from('SAMLResponse'))).toBe(false)
    await server.advance(121)
    for (const address of addresses) expectWayOn(await away.browser.open(address), 400)
    await deleteExpiredJob.run(server.ctx, () => false)
    expect(await kept()).toBe(0)
    await server.advance(-301)
  })

  test('the ids of assertions are forgotten when they could not be used any more', async () => {
    const seen = async (): Promise<number> => (await sql<{ n: number }>`select count(*)::int as n from seen_ids`.execute(server.ctx.db)).rows[0]?.n ?? -1
    expect(await seen()).toBeGreaterThan(0)
    await server.advance(1000)
    await deleteExpiredJob.run(server.ctx, () => false)
    expect(await seen()).toBe(0)
    await server.advance(-1000)
  })

  test('more than any institution sends is refused before it is read', async () => {
    const away = await leaveFor(server, 'uni')
    const answer = await upstream.visit(away.departure.href)
    const response = await post(server, { ...answer, fields: { ...answer.fields, SAMLResponse: 'A'.repeat(420_000) } })
    expect(response.status).toBe(413)
    expect(await response.text()).toContain('id="reference"')
    // Nowhere else may a form be as large.
    expect((await fetch(`${server.issuer}/oauth/token`, { method: 'POST', body: new URLSearchParams({ a: 'A'.repeat(100_000) }) })).status).toBe(413)
    expect(await claimsOf(server, await comeBack(server, answer, away.browser), away)).toMatchObject({ name: 'Ada Institution' })
  })
})

describe('other protocols', () => {
  test('an OpenID provider that posts its answer: the code is in no address of ours', async () => {
    const away = await leaveFor(server, 'up')
    const back = new URL(await oidc.visit(away.departure.href))
    const response = await post(server, { action: `${back.origin}${back.pathname}`, fields: Object.fromEntries(back.searchParams) })
    expect(next(response)).not.toContain(back.searchParams.get('code'))
    expect(await claimsOf(server, await away.browser.open(next(response)), away)).toMatchObject({ name: 'Ada Upstream' })
  })

  test('a SAML answer in an address is none', async () => {
    const away = await leaveFor(server, 'uni')
    const { fields } = await upstream.visit(away.departure.href)
    const page = await away.browser.open(`/signin/callback/uni?${new URLSearchParams({ state: fields['RelayState'] ?? '', SAMLResponse: (fields['SAMLResponse'] ?? '').slice(0, 3000) })}`)
    expectWayOn(page, 400)
    expect(wayOn(page)).toContain('again=1')
  })
})
