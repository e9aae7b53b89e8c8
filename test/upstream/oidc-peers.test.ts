import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from 'kysely'
import { STALENESS_MS } from '../../src/database/cache-versions.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Page, pageName } from '../support/browser.ts'
import { providerYaml, startUpstream, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { type Away, claimsOf, expectNobody, leaveFor, returnFrom } from './journey.ts'

// OpenID providers that are each a little different: one address for many tenants, new keys, another time, parts that fail.

const SCOPE = 'openid profile email groups userid'
const ONE = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'
const OID = '99999999-9999-4999-8999-999999999999'

let server: TestServer
let upstream: UpstreamProvider

beforeAll(async () => {
  upstream = await startUpstream()
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.misbehave = {}
  upstream.person = { sub: 'ada', name: 'Ada Upstream', email: 'ada@ntu.example' }
})

function lastLine(): string {
  return server.logged().split('\n').filter((line) => line.includes('upstream.failed')).at(-1) ?? ''
}

describe('a provider of many tenants', () => {
  const template = () => `${upstream.issuer}/{tenantid}/v2.0`
  const issuerOf = (tenant: string) => `${upstream.issuer}/${tenant}/v2.0`

  beforeAll(async () => {
    upstream.misbehave = { metadata: { issuer: template() } }
    const yaml = (id: string, more = '') => providerYaml(upstream, id, more).replace(/^issuer: .*$/m, `issuer: '${template()}'`)
    await server.apply([yaml('tenants'), yaml('some', `tenants: ['${ONE.toUpperCase()}']`)].join('\n---\n'))
  })

  async function comeBack(away: Away, claims: Readonly<Record<string, unknown>>, iss: string | null = null): Promise<Page> {
    upstream.misbehave = { metadata: { issuer: template(), authorization_response_iss_parameter_supported: false }, iss, claims }
    return returnFrom(upstream, away)
  }

  async function leave(id: string, changes = {}): Promise<Away> {
    upstream.misbehave = { metadata: { issuer: template(), authorization_response_iss_parameter_supported: false } }
    return leaveFor(server, id, { scope: SCOPE, ...changes })
  }

  test('signs in a person of any, each the tenant\'s own', async () => {
    const users = new Set<unknown>()
    for (const tid of [ONE, OTHER]) {
      const away = await leave('tenants')
      const found = await claimsOf(server, await comeBack(away, { iss: issuerOf(tid), tid, oid: OID, sub: 'pairwise' }), away)
      users.add(found['userid'])
    }
    expect(users.size).toBe(2)
    const { rows } = await sql<{ issuer: string; subject: string }>`select issuer, subject from identities where provider_id = 'tenants' order by issuer`.execute(server.ctx.db)
    expect(rows).toEqual([{ issuer: issuerOf(ONE), subject: OID }, { issuer: issuerOf(OTHER), subject: OID }])
  })

  test('asks the token endpoint once for each person', async () => {
    const away = await leave('tenants')
    const before = upstream.redeemed.length
    await claimsOf(server, await comeBack(away, { iss: issuerOf(ONE), tid: ONE, oid: OID }), away)
    expect(upstream.redeemed.length - before).toBe(1)
  })

  test('compares the issuer that the browser brought with the tenant\'s', async () => {
    const good = await leave('tenants')
    expect(await claimsOf(server, await comeBack(good, { iss: issuerOf(ONE), tid: ONE, oid: OID }, issuerOf(ONE)), good)).toHaveProperty('sub')
    const bad = await leave('tenants')
    expect(pageName(await comeBack(bad, { iss: issuerOf(ONE), tid: ONE, oid: OID }, issuerOf(OTHER)))).toBe('upstream')
    await expectNobody(server, bad.browser)
  })

  test.each([
    ['a token of one tenant that names another', { iss: issuerText(ONE), tid: OTHER, oid: OID }],
    ['a token without a tenant', { iss: issuerText(ONE), oid: OID }],
    ['a token whose tenant is a path', { iss: '{origin}/../evil/v2.0', tid: '../evil', oid: OID }],
    ['a token of the template itself', { iss: issuerText('{tenantid}'), tid: '{tenantid}', oid: OID }],
    ['a token of another host', { iss: `https://evil.example/${ONE}/v2.0`, tid: ONE, oid: OID }],
    ['a token without the person', { iss: issuerText(ONE), tid: ONE }],
  ])('signs nobody in: %s', async (_what, claims) => {
    const away = await leave('tenants')
    const page = await comeBack(away, { ...claims, iss: claims.iss.replace('{origin}', upstream.issuer) })
    expect(pageName(page)).toBe('upstream')
    await expectNobody(server, away.browser)
  })

  test('whose declaration lists some signs in those, and nobody of another', async () => {
    const good = await leave('some')
    expect(await claimsOf(server, await comeBack(good, { iss: issuerOf(ONE), tid: ONE, oid: OID }), good)).toHaveProperty('sub')
    const bad = await leave('some')
    expect([pageName(await comeBack(bad, { iss: issuerOf(OTHER), tid: OTHER, oid: OID })), /"detail":"tenant"/.test(lastLine())]).toEqual(['upstream', true])
    await expectNobody(server, bad.browser)
  })

  test('whose metadata speaks of another issuer is not used', async () => {
    await server.apply(providerYaml(upstream, 'moved-template').replace(/^issuer: .*$/m, `issuer: '${upstream.issuer}/x/{tenantid}/v2.0'`))
    upstream.misbehave = { metadata: { issuer: template() } }
    await expect(leaveFor(server, 'moved-template')).rejects.toThrow()
    expect(lastLine()).toContain('"detail":"issuer"')
  })

  test('a list of tenants without a place for one is a fault', async () => {
    await expect(server.apply(providerYaml(upstream, 'odd', `tenants: ['${ONE}']`))).rejects.toThrow(/tenants/)
  })
})

describe('a provider', () => {
  beforeAll(async () => {
    upstream.misbehave = {}
    await server.apply(providerYaml(upstream, 'plain'))
    // Every process has seen the declaration by then: what it knows of the provider is not asked for anew in the middle of a story.
    await setTimeout(STALENESS_MS + 50)
  })

  test('that changed its key a moment ago signs people in', async () => {
    const before = await leaveFor(server, 'plain', { scope: SCOPE })
    await claimsOf(server, await returnFrom(upstream, before), before)
    await upstream.rotateKey()
    const away = await leaveFor(server, 'plain', { scope: SCOPE })
    const redeemed = upstream.redeemed.length
    expect(await claimsOf(server, await returnFrom(upstream, away), away)).toMatchObject({ name: 'Ada Upstream' })
    expect(upstream.redeemed.length - redeemed).toBe(1)
    const fetched = upstream.hits.get('/jwks')
    const next = await leaveFor(server, 'plain', { scope: SCOPE })
    await claimsOf(server, await returnFrom(upstream, next), next)
    expect(upstream.hits.get('/jwks')).toBe(fetched)
  })

  test('that signs with a key it does not publish signs nobody in', async () => {
    const away = await leaveFor(server, 'plain')
    upstream.misbehave = { algorithm: 'other-key' }
    expect(pageName(await returnFrom(upstream, away))).toBe('upstream')
    await expectNobody(server, away.browser)
  })

  test.each([
    ['an hour behind', -3600],
    ['ten minutes ahead', 600],
  ])('whose clock is %s: the operator reads by how much, the person a calm page', async (_what, seconds) => {
    const now = Math.floor(Date.now() / 1000)
    const away = await leaveFor(server, 'plain')
    upstream.misbehave = { claims: { iat: now + seconds, exp: now + seconds + 300, auth_time: now + seconds } }
    const page = await returnFrom(upstream, away)
    expect(pageName(page)).toBe('upstream')
    expect(page.html).not.toMatch(/skew|clock|iat/i)
    const { skewSeconds, fix } = JSON.parse(lastLine()) as { skewSeconds: number; fix: string }
    expect(Math.abs(skewSeconds - seconds)).toBeLessThan(30)
    expect(fix).toContain('NTP')
  })

  test('whose token is for another names the claim to the operator', async () => {
    const away = await leaveFor(server, 'plain')
    upstream.misbehave = { claims: { aud: 'somebody-else' } }
    expect(pageName(await returnFrom(upstream, away))).toBe('upstream')
    expect(JSON.parse(lastLine())).toMatchObject({ claim: 'aud' })
    expect(lastLine()).not.toContain('somebody-else')
  })
})

describe('parts of a provider that fail', () => {
  let nextId = 0

  test.each([
    ['userinfo that hangs', { hang: ['/userinfo'] }, 503],
    ['userinfo that is gone', { down: ['/userinfo'] }, 503],
    ['userinfo that is nonsense', { garbage: ['/userinfo'] }, 400],
    ['userinfo that leads elsewhere', { redirect: ['/userinfo'] }, 400],
    ['keys that hang', { hang: ['/jwks'] }, 503],
    ['keys that are gone', { down: ['/jwks'] }, 503],
    ['keys that are nonsense', { garbage: ['/jwks'] }, 400],
  ])('%s: a page, and nobody signed in', { timeout: 15_000 }, async (_what, failure, status) => {
    // A provider that nothing is remembered of.
    const id = `fresh-${nextId++}`
    upstream.misbehave = { userinfo: { sub: 'ada' } }
    await server.apply(providerYaml(upstream, id))
    const away = await leaveFor(server, id)
    upstream.misbehave = { userinfo: { sub: 'ada' }, ...failure }
    const page = await returnFrom(upstream, away)
    expect([page.status, pageName(page)]).toEqual([status, 'upstream'])
    await expectNobody(server, away.browser)
  })
})

function issuerText(tenant: string): string {
  return `{origin}/${tenant}/v2.0`
}
