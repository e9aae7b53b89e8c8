import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { groupsOf } from '../../src/groups/ask.ts'
import { principalNamesOf } from '../../src/groups/principal-names.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import type { SamlPerson } from '../support/saml-response.ts'
import { providerYaml, startUpstream, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { startSamlUpstream, type UpstreamSaml } from '../support/upstream-saml.ts'
import { claimsOf, leaveFor, returnFrom } from '../upstream/journey.ts'
import { introduce, returnFromSaml } from '../upstream/saml-journey.ts'

// What a person is at an institution: by its word, at its own domains, as of their last sign-in there.

let server: TestServer
let college: UpstreamProvider
let university: UpstreamSaml
beforeAll(async () => {
  ;[college, university] = await Promise.all([startUpstream(), startSamlUpstream()])
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await server.apply(providerYaml(college, 'college', 'realms: [college.example, arts.college.example]').replace('organization: ntu\n', ''))
  await introduce(server, university, 'uni', 'realms: [idp.example]')
})
afterAll(async () => {
  await server.close()
  await Promise.all([college.close(), university.close()])
})

const SCOPE = { scope: 'openid groups userid' }
const AFFILIATION = 'urn:oid:1.3.6.1.4.1.5923.1.1.1.9'

async function signIn(person: Readonly<Record<string, unknown>>): Promise<string> {
  college.person = { sub: 'ada', name: 'Ada', ...person }
  const away = await leaveFor(server, 'college', SCOPE)
  return String((await claimsOf(server, await returnFrom(college, away), away))['sub'])
}

async function signInBySaml(attributes: SamlPerson['attributes']): Promise<string> {
  university.person = { nameId: { format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', value: 'ada' }, attributes }
  const away = await leaveFor(server, 'uni', SCOPE)
  return String((await claimsOf(server, await returnFromSaml(server, university, away), away))['sub'])
}

async function organizationsOf(userId: string, all = false): Promise<readonly (readonly [string, unknown])[]> {
  return (await groupsOf(server.ctx, userId, { all })).groups.filter(({ type }) => type === 'fc:org').map(({ id, membership }) => [id, membership])
}

describe('a provider of several domains', () => {
  test('says at which of its own a person is what; of others it says nothing', async () => {
    const userId = await signIn({
      eduperson_scoped_affiliation: ['student@college.example', 'member@college.example', 'student@ntu.example', 'staff@evil.college.example', 'STAFF@ARTS.college.example', '<b>@college.example', '@college.example', 'student'],
      eduperson_primary_affiliation: 'student',
      eduperson_principal_name: 'ada@college.example',
    })
    expect(await organizationsOf(userId)).toEqual([
      ['fc:org:arts.college.example', { basic: 'member', affiliation: ['staff'] }],
      ['fc:org:college.example', { basic: 'member', affiliation: ['member', 'student'], primaryAffiliation: 'student' }],
    ])
    expect(await principalNamesOf(server.ctx, [userId])).toEqual(new Map([[userId, ['feide:ada@college.example']]]))
  })

  test('does not name anybody elsewhere', async () => {
    const userId = await signIn({ sub: 'eve', eduperson_principal_name: 'rector@ntu.example', eduperson_affiliation: ['staff'] })
    expect(await organizationsOf(userId)).toEqual([])
    expect((await principalNamesOf(server.ctx, [userId])).get(userId)).toEqual([])
  })

  test('says nothing with a text that nobody can keep', async () => {
    const userId = await signIn({ sub: 'nul', eduperson_principal_name: 'a\u0000da@college.example', eduperson_scoped_affiliation: ['student@college.example', 'staff\ud800@college.example'] })
    expect(await organizationsOf(userId)).toEqual([['fc:org:college.example', { basic: 'member', affiliation: ['student'] }]])
    expect((await principalNamesOf(server.ctx, [userId])).get(userId)).toEqual([])
  })

  test('what it does not say any more is over, and can be asked for', async () => {
    const student = await signIn({ sub: 'kim', eduperson_scoped_affiliation: 'student@college.example' })
    await server.advance(60)
    expect(await signIn({ sub: 'kim', eduperson_scoped_affiliation: ['employee@arts.college.example'] })).toBe(student)
    expect((await organizationsOf(student)).map(([id]) => id)).toEqual(['fc:org:arts.college.example'])
    const { groups } = await groupsOf(server.ctx, student, { all: true })
    const over = groups.find(({ id }) => id === 'fc:org:college.example')
    expect(Number(over?.notAfter) - Number(over?.notBefore)).toBeGreaterThanOrEqual(60_000)
    await signIn({ sub: 'kim', eduperson_scoped_affiliation: 'alum@college.example' })
    expect(await organizationsOf(student)).toEqual([['fc:org:college.example', { basic: 'member', affiliation: ['alum'] }]])
  })
})

test('a SAML institution says it by the attributes of eduPerson', async () => {
  const userId = await signInBySaml({ [AFFILIATION]: ['employee@idp.example', 'student@another.example'], 'urn:oid:1.3.6.1.4.1.5923.1.1.1.5': ['employee'], 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6': ['ada@idp.example'], 'urn:oid:0.9.2342.19200300.100.1.3': ['ada@idp.example'], 'urn:oid:2.16.840.1.113730.3.1.241': ['Ada'] })
  expect((await organizationsOf(userId)).find(([id]) => id === 'fc:org:idp.example')).toEqual(['fc:org:idp.example', { basic: 'member', affiliation: ['employee'], primaryAffiliation: 'employee' }])
  expect((await organizationsOf(userId)).map(([id]) => id)).not.toContain('fc:org:another.example')
  expect((await principalNamesOf(server.ctx, [userId])).get(userId)).toContain('feide:ada@idp.example')
})
