import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setUserStatus } from '../../src/users/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, newPkce } from '../support/relying-party.ts'
import { providerYaml, startUpstream, UPSTREAM_SECRET, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { claimsOf, expectNobody, leaveFor, returnFrom } from './journey.ts'

let server: TestServer
let upstream: UpstreamProvider
const person = { sub: 'ada-at-upstream', name: 'Ada Upstream', email: 'ada@ntu.example', email_verified: true }
const SCOPE = 'openid profile email groups userid'

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
})

async function claimsWith(claims: Readonly<Record<string, unknown>>, providerId = 'up', userinfo?: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  upstream.person = { sub: `claims ${Math.random()}`, ...claims }
  if (userinfo !== undefined) upstream.misbehave = { userinfo: { ...userinfo, sub: upstream.person['sub'] } }
  const away = await leaveFor(server, providerId, { scope: SCOPE })
  return claimsOf(server, await returnFrom(upstream, away), away)
}

describe('what a provider says of a person', () => {
  test.each([true, false, 'true', 1, 'yes', null, undefined, [true], {}])('email_verified %j is true only when it is', async (value) => {
    expect((await claimsWith({ email: 'a@b.example', email_verified: value }))['email_verified']).toBe(value === true)
  })

  test('is left out where it is not what it should be', async () => {
    const claims = await claimsWith({ name: 'x'.repeat(501), email: 'not an address', email_verified: true, picture: 'javascript', given_name: ['Ada'], groups: ['staff', 7, ''], phone_number_verified: true })
    expect(claims).not.toHaveProperty('name')
    expect(claims).not.toHaveProperty('email')
    expect(claims).not.toHaveProperty('email_verified')
    expect(claims).not.toHaveProperty('given_name')
    expect(claims['groups']).toEqual(['fc:org:ntu.example', 'staff'])
  })

  test('is mapped as the declaration says; a mapped address is not verified by what speaks of another', async () => {
    await server.apply(providerYaml(upstream, 'mapped', 'claims_mapping: { upn: email, displayName: name, roles: groups }\nscope: openid'))
    const claims = await claimsWith({ upn: 'upn@ntu.example', email: 'other@ntu.example', email_verified: true, displayName: 'Mapped Name', roles: ['a', 'b'] }, 'mapped')
    expect(claims).toMatchObject({ email: 'upn@ntu.example', email_verified: false, name: 'Mapped Name', groups: ['fc:org:ntu.example', 'a', 'b'] })
  })

  test('may stand in userinfo; the signed token has the last word, and another person there is refused', async () => {
    await server.apply(providerYaml(upstream, 'with-userinfo'))
    upstream.misbehave = { userinfo: {} }
    expect(await claimsWith({ name: 'Signed' }, 'with-userinfo', { name: 'Unsigned', email: 'info@ntu.example', email_verified: true })).toMatchObject({ name: 'Signed', email: 'info@ntu.example', email_verified: true })
    const away = await leaveFor(server, 'with-userinfo')
    upstream.misbehave = { userinfo: { sub: 'somebody-else', name: 'Somebody' } }
    expect(pageName(await returnFrom(upstream, away))).toBe('upstream')
    await expectNobody(server, away.browser)
  })
})

describe('who may', () => {
  test('a client that takes other providers only: not offered, not by address, not after a change while the person was away', async () => {
    const only = { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback' }
    const away = await leaveFor(server, 'up')
    await claimsOf(server, await returnFrom(upstream, away), away)
    expect(answerOf(await away.browser.open(authorizationUrl(server.issuer, newPkce(), { ...only, prompt: 'none' }))).get('error')).toBe('login_required')
    const login = await away.browser.open(authorizationUrl(server.issuer, newPkce(), only))
    expect(pageName(login)).toBe('login')
    const named = await away.browser.open(`${new URL(login.url).pathname}?provider=up`)
    // D-13: a page that says so and leads on.
    expect([named.status, pageName(named)]).toEqual([403, 'provider-refused'])

    await server.apply(providerYaml(upstream, 'leaving'))
    const gone = await leaveFor(server, 'leaving')
    const back = await upstream.visit(gone.departure.href)
    await server.apply(providerYaml(upstream, 'leaving', 'disabled: true'))
    const page = await gone.browser.open(back)
    expect([pageName(page), page.status]).toEqual(['upstream', 400])
    await expectNobody(server, gone.browser)
  })

  test('a locked person comes back signed in nowhere', async () => {
    upstream.person = { ...person, sub: 'locked-person' }
    const first = await leaveFor(server, 'up', { scope: SCOPE })
    const claims = await claimsOf(server, await returnFrom(upstream, first), first)
    await setUserStatus(server.ctx.db, String(claims['userid']), 'locked')
    const away = await leaveFor(server, 'up', { scope: SCOPE })
    const page = await returnFrom(upstream, away)
    expect([pageName(page), page.status]).toEqual(['upstream', 403])
    await expectNobody(server, away.browser)
  })
})

describe('somebody else came back than was chosen', () => {
  async function unexpected() {
    upstream.person = { ...person, sub: `chosen ${Math.random()}`, name: 'Chosen Person' }
    const first = await leaveFor(server, 'up', { scope: SCOPE })
    const chosen = await claimsOf(server, await returnFrom(upstream, first), first)
    const { browser } = first
    const pkce = newPkce()
    const chooser = await browser.open(authorizationUrl(server.issuer, pkce, { prompt: 'select_account login', scope: SCOPE }))
    const left = await browser.submit(chooser, 'account', { account: String(chosen['userid']) })
    upstream.person = { ...person, sub: `other ${Math.random()}`, name: 'Other Person' }
    const page = await browser.open(await upstream.visit(left.url))
    expect(pageName(page)).toBe('unexpected-user')
    return { browser, pkce, departure: new URL(left.url), page, chosen }
  }

  test('the person is asked, with both names; "continue" takes the one who came', async () => {
    const story = await unexpected()
    expect(story.page.html).toContain('Chosen Person')
    expect(story.page.html).toContain('Other Person')
    const next = await story.browser.submit(story.page, 'decision', { decision: 'continue' })
    expect(await claimsOf(server, next, story)).toMatchObject({ name: 'Other Person' })
  })

  test('"sign out and use the other" asks the provider again, which must ask the person', async () => {
    const story = await unexpected()
    const left = new URL((await story.browser.submit(story.page, 'decision', { decision: 'switch' })).url)
    expect(left.origin).toBe(upstream.issuer)
    expect(left.searchParams.get('prompt')).toBe('login')
    upstream.person = { ...person, sub: String(story.chosen['sub']) }
  })

  test('until then nobody new is signed in, and a form of another site decides nothing', async () => {
    const story = await unexpected()
    const refused = await story.browser.open(story.page.url, { method: 'POST', body: 'decision=continue&csrf=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(refused.status).toBe(403)
    expect(story.page.html).not.toContain(String(story.chosen['userid']))
    const sessions = await story.browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'select_account' }))
    expect(sessions.html).not.toContain('Other Person')
  })
})

test('the secret is sealed at rest and bound to the address it was given for', async () => {
  const sealed = async () => (await server.ctx.db.selectFrom('providers').select(['sealed_secret', 'document']).where('provider_id', '=', 'moved').executeTakeFirstOrThrow())
  const yaml = providerYaml(upstream, 'moved')
  await server.apply(yaml)
  const before = await sealed()
  expect(before.sealed_secret?.includes(Buffer.from(UPSTREAM_SECRET))).toBe(false)
  expect(JSON.stringify(before.document)).not.toContain(UPSTREAM_SECRET)
  const withoutSecret = yaml.replace(/client_secret.*\n/, '')
  await server.apply(withoutSecret)
  expect((await sealed()).sealed_secret).not.toBeNull()
  await server.apply(withoutSecret.replace(upstream.issuer, 'https://elsewhere.example'))
  expect((await sealed()).sealed_secret).toBeNull()
})
