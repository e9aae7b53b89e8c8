import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { startSamlUpstream, type UpstreamSaml } from '../support/upstream-saml.ts'
import { claimsOf, leaveFor } from './journey.ts'
import { introduce, returnFromSaml } from './saml-journey.ts'

// Sign-in at a SAML institution, as it should be.

let server: TestServer
let upstream: UpstreamSaml

beforeAll(async () => {
  upstream = await startSamlUpstream()
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await introduce(server, upstream, 'uni')
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.answer = {}
  upstream.asked.length = 0
})

describe('a person of the institution', () => {
  test('signs in: signed request by redirect, signed assertion by POST, attributes as claims', async () => {
    const away = await leaveFor(server, 'uni', { scope: 'openid profile email groups userid' })
    const claims = await claimsOf(server, await returnFromSaml(server, upstream, away), away)
    expect(upstream.asked[0]).toMatchObject({ binding: 'redirect', isSigned: true, forceAuthn: false, contexts: [], acs: `${server.issuer}/signin/callback/uni`, issuer: `${server.issuer}/saml/metadata/uni` })
    expect(claims).toMatchObject({ name: 'Ada Institution', email: 'ada@idp.example', email_verified: false, preferred_username: 'ada@idp.example', groups: ['staff', 'physics'] })
  })
})
