import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { personOf } from '../../src/signin/person-of.ts'
import { mapPerson } from '../../src/upstream/mapping.ts'
import { findProvider } from '../../src/upstream/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { pageName } from '../support/browser.ts'
import { providerYaml, startUpstream, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { claimsOf, leaveFor, returnFrom } from '../upstream/journey.ts'

// The same person at two institutions. `agency` and `college` are trusted with national ids, `bazaar` with nothing.

let server: TestServer
let agency: UpstreamProvider
let college: UpstreamProvider
let bazaar: UpstreamProvider
beforeAll(async () => {
  ;[agency, college, bazaar] = await Promise.all([startUpstream(), startUpstream(), startUpstream()])
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1', PORTNER_DB_POOL: '100' } })
  const trusted = 'trusted_identifiers: [national_id, orcid]\nclaims_mapping: { nin: national_id }'
  await server.apply([providerYaml(agency, 'agency', trusted), providerYaml(college, 'college', trusted), providerYaml(bazaar, 'bazaar', 'claims_mapping: { nin: national_id }')].join('---\n'))
})
afterAll(async () => {
  await server.close()
  await Promise.all([agency, college, bazaar].map((one) => one.close()))
})
beforeEach(() => {
  for (const one of [agency, college, bazaar]) one.misbehave = {}
})

const SCOPE = 'openid profile email'
let number = 10_000_000_000

/** Somebody new, with a national id that nobody had before. */
function somebody(): { readonly nin: string } {
  number += 1
  return { nin: String(number) }
}

async function signIn(upstream: UpstreamProvider, providerId: string, person: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  upstream.person = person
  const away = await leaveFor(server, providerId, { scope: SCOPE })
  return claimsOf(server, await returnFrom(upstream, away), away)
}

describe('a national id', () => {
  test('from two trusted providers is one person', async () => {
    const { nin } = somebody()
    const first = await signIn(agency, 'agency', { sub: 'a1', name: 'Ada at the agency', nin, email: 'a@one.example', email_verified: true })
    const second = await signIn(college, 'college', { sub: 'c1', name: 'Ada at college', nin: `${nin.slice(0, 6)} ${nin.slice(6)}`, email: 'a@two.example' })
    expect(second['sub']).toBe(first['sub'])
    expect((await signIn(agency, 'agency', { sub: 'a1', name: 'Ada at the agency', nin }))['sub']).toBe(first['sub'])
    // The identity is known now: it no longer needs the number.
    expect((await signIn(college, 'college', { sub: 'c1', name: 'Ada at college' }))['sub']).toBe(first['sub'])
  })

  test('from a provider that nobody trusts with it leads nowhere', async () => {
    const { nin } = somebody()
    const first = await signIn(agency, 'agency', { sub: 'a2', name: 'Ada', nin })
    const impostor = await signIn(bazaar, 'bazaar', { sub: 'b2', name: 'Eve', nin })
    expect(impostor['sub']).not.toBe(first['sub'])
  })

  test('that an untrusted provider came with first is not that person’s', async () => {
    const { nin } = somebody()
    const impostor = await signIn(bazaar, 'bazaar', { sub: 'b3', name: 'Eve', nin })
    expect((await signIn(agency, 'agency', { sub: 'a3', name: 'Ada', nin }))['sub']).not.toBe(impostor['sub'])
  })

  test('moves nobody who has been here before', async () => {
    const { nin } = somebody()
    const before = await signIn(college, 'college', { sub: 'c4', name: 'Ada before' })
    const other = await signIn(agency, 'agency', { sub: 'a4', name: 'Ada', nin })
    expect(other['sub']).not.toBe(before['sub'])
    expect((await signIn(college, 'college', { sub: 'c4', name: 'Ada before', nin }))['sub']).toBe(before['sub'])
    expect((await signIn(agency, 'agency', { sub: 'a4', name: 'Ada', nin }))['sub']).toBe(other['sub'])
  })

  test('is nowhere in the database, in the log or with a client', async () => {
    const { nin } = somebody()
    const claims = await signIn(agency, 'agency', { sub: 'a5', name: 'Ada', nin })
    expect(JSON.stringify(claims)).not.toContain(nin)
    const { rows } = await sql<{ found: string }>`select (select string_agg(u::text, ' ') from users u) || (select string_agg(s::text, ' ') from secondary_ids s) || (select string_agg(i::text, ' ') from identities i) || (select string_agg(i.progress::text, ' ') from interactions i) as found`.execute(server.ctx.db)
    expect(rows[0]?.found).toContain(String(claims['sub']))
    expect(rows[0]?.found).not.toContain(nin)
    expect(rows[0]?.found).not.toContain(Buffer.from(nin).toString('hex'))
    expect(server.logged()).not.toContain(nin)
  })

  test('of a locked person lets nobody in through another door', async () => {
    const { nin } = somebody()
    const first = await signIn(agency, 'agency', { sub: 'a6', name: 'Ada', nin })
    await sql`update users set status = 'locked' where user_id = ${first['sub']}`.execute(server.ctx.db)
    college.person = { sub: 'c6', name: 'Ada', nin }
    const page = await returnFrom(college, await leaveFor(server, 'college', { scope: SCOPE }))
    expect([page.status, pageName(page)]).toEqual([403, 'upstream'])
  })

  test('of a hundred first sign-ins at once from two providers is one person', async () => {
    const { nin } = somebody()
    const { rows: before } = await sql<{ n: string }>`select count(*) as n from users`.execute(server.ctx.db)
    const facts = await Promise.all(['agency', 'college'].map((id) => findProvider(server.ctx, id)))
    const people = await Promise.all(
      Array.from({ length: 100 }, (_, i) => {
        const provider = facts[i % 2]
        if (provider === undefined) throw new Error('no provider')
        return personOf(server.ctx, provider, { issuer: `issuer ${i % 2}`, subject: `s${i % 10}`, claims: { name: 'Ada' }, groups: undefined, secondaryIds: [{ kind: 'national_id', value: nin }, { kind: 'orcid', value: `0000-0000-0000-${1000 + (i % 7)}` }], acr: undefined, amr: [], authTime: undefined })
      }),
    )
    expect(new Set(people.map(({ userId }) => userId)).size).toBe(1)
    const { rows: after } = await sql<{ n: string }>`select count(*) as n from users`.execute(server.ctx.db)
    expect(Number(after[0]?.n) - Number(before[0]?.n)).toBe(1)
  })

  test('finds its person after the secret key was replaced', async () => {
    const { nin } = somebody()
    const [oldKey, newKey] = ['o'.repeat(40), 'n'.repeat(40)]
    const keys = (...secrets: readonly string[]) => ({ ...server.ctx, sealing: { ...server.ctx.sealing, macKeys: (purpose: string) => secrets.map((secret) => Buffer.from(secret + purpose)) } })
    const facts = await findProvider(server.ctx, 'agency')
    if (facts === undefined) throw new Error('no provider')
    const arrive = (ctx: typeof server.ctx, subject: string) => personOf(ctx, facts, { issuer: 'i', subject, claims: {}, groups: undefined, secondaryIds: [{ kind: 'national_id', value: nin }], acr: undefined, amr: [], authTime: undefined })
    const before = await arrive(keys(oldKey), 'k1')
    expect((await arrive(keys(newKey, oldKey), 'k2')).userId).toBe(before.userId)
    expect((await arrive(keys(newKey), 'k3')).userId).toBe(before.userId)
    expect((await arrive(keys('x'.repeat(40)), 'k4')).userId).not.toBe(before.userId)
  })
})

describe('an e-mail address', () => {
  test('is never such an id, verified or not', async () => {
    const address = { email: 'the-same@one.example', email_verified: true }
    const first = await signIn(agency, 'agency', { sub: 'a7', name: 'Ada', ...address })
    const second = await signIn(college, 'college', { sub: 'c7', name: 'Ada', ...address })
    const third = await signIn(bazaar, 'bazaar', { sub: 'b7', name: 'Eve', ...address, email_verified: false })
    expect(new Set([first['sub'], second['sub'], third['sub']]).size).toBe(3)
  })
})

describe('how an id is written', () => {
  const ids = (claims: Readonly<Record<string, unknown>>) => mapPerson(claims, { nin: 'national_id', eppn: 'feide' }).secondaryIds

  test.each<[Readonly<Record<string, unknown>>, unknown]>([
    [{ nin: ' 010190 12345 ' }, [{ kind: 'national_id', value: '01019012345' }]],
    [{ nin: '010190-123a' }, [{ kind: 'national_id', value: '010190-123A' }]],
    [{ nin: 1_019_012_345 }, []],
    [{ nin: ['01019012345'] }, []],
    [{ nin: '' }, []],
    [{ nin: '1' }, []],
    [{ nin: '01019012345\n0' }, [{ kind: 'national_id', value: '010190123450' }]],
    [{ orcid: 'https://orcid.org/0000-0002-1825-009X' }, [{ kind: 'orcid', value: '0000-0002-1825-009X' }]],
    [{ orcid: 'https://evil.example/0000-0002-1825-009X' }, []],
    [{ eppn: 'Ada@NTU.example' }, [{ kind: 'feide', value: 'ada@ntu.example' }]],
    [{ eppn: 'ada@ntu.example, eve@evil.example' }, []],
    [{ national_id: '01019012345' }, []],
  ])('%j', (claims, expected) => {
    expect(ids(claims)).toEqual(expected)
  })

  test('anything at all gives ids without spaces, or none', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const id of ids({ nin: value, eppn: value, orcid: value }) ?? []) expect(id.value).toMatch(/^\S{6,300}$/)
      }),
    )
  })
})
