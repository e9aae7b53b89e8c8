import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refreshFederationsJob } from '../../../src/jobs/refresh-federations.ts'
import { federatedProviderId } from '../../../src/upstream/federation/entity.ts'
import { listSamlKeys } from '../../../src/upstream/saml-keys.ts'
import { startTestServer, type TestServer } from '../../support/app.ts'
import { pageName } from '../../support/browser.ts'
import { aggregateXml, entityXml, federationYaml, type FederationServer, startFederation } from '../../support/federation.ts'
import { authorizationUrl, newPkce } from '../../support/relying-party.ts'
import { signDocument } from '../../support/signed-metadata.ts'
import { startSamlUpstream, type UpstreamSaml } from '../../support/upstream-saml.ts'
import { claimsOf, leaveFor } from '../journey.ts'
import { returnFromSaml } from '../saml-journey.ts'

// A person of an institution that nobody here declared: its federation did.

let server: TestServer
let federation: FederationServer
let upstream: UpstreamSaml
let entity: string

beforeAll(async () => {
  ;[server, federation, upstream] = await Promise.all([startTestServer({ env: { PORTNER_TEST_FETCH: '1' } }), startFederation(), startSamlUpstream()])
  entity = (await (await fetch(upstream.metadataUrl)).text()).replace(/^<\?xml[^>]*\?>\s*/, '')
  await publish([entity, entityXml({ entityId: 'https://other.example' })])
  await server.apply(federationYaml(federation, 'required: [email]'))
  await refresh()
  // To draw keys may take longer than a request may, where much else is at work.
  await listSamlKeys(server.ctx, 'signing')
  const ours = await fetch(`${server.issuer}/saml/metadata/testfed`)
  expect(ours.status).toBe(200)
  upstream.trusted = await ours.text()
})
afterAll(async () => {
  await server.close()
  await Promise.all([federation.close(), upstream.close()])
})

async function publish(entities: readonly string[]): Promise<void> {
  federation.publish(signDocument(aggregateXml(entities, { validUntil: new Date(server.ctx.clock.now() + 5 * 86_400_000).toISOString() }), federation.signer))
}

async function refresh(): Promise<void> {
  await sql`update federations set refresh_at = clock_now()`.execute(server.ctx.db)
  await refreshFederationsJob.run(server.ctx, () => false)
}

test('signs in there as at a declared one, known to all of the federation by one name; and is told why when it has left', async () => {
  const id = federatedProviderId(upstream.entityId)
  const away = await leaveFor(server, id, { scope: 'openid profile email' })
  const claims = await claimsOf(server, await returnFromSaml(server, upstream, away), away)
  expect(claims).toMatchObject({ name: 'Ada Institution', email: 'ada@idp.example' })
  expect(upstream.asked[0]).toMatchObject({ isSigned: true, issuer: `${server.issuer}/saml/metadata/testfed`, acs: `${server.issuer}/signin/callback/testfed` })

  await publish([entityXml({ entityId: 'https://other.example' })])
  await refresh()
  await expect.poll(async () => (await away.browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'select_account' }))).html, { timeout: 5000 }).toContain('This institution does not take part any more')

  await publish([entity, entityXml({ entityId: 'https://other.example' })])
  await refresh()
  await expect.poll(async () => (await away.browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'select_account' }))).html, { timeout: 5000 }).not.toContain('does not take part')
  const again = await leaveFor(server, id, { scope: 'openid profile email' })
  expect((await claimsOf(server, await returnFromSaml(server, upstream, again), again))['sub']).toBe(claims['sub'])
  expect(pageName(await away.browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'select_account' })))).toBe('chooser')
})
