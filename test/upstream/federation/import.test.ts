import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refreshFederationsJob } from '../../../src/jobs/refresh-federations.ts'
import { federatedProviderId } from '../../../src/upstream/federation/entity.ts'
import { listFederations } from '../../../src/upstream/federation/store.ts'
import { findSamlEntity } from '../../../src/upstream/saml-entities.ts'
import { findProvider } from '../../../src/upstream/store.ts'
import { startTestServer, type TestServer } from '../../support/app.ts'
import { aggregateXml, entityXml, federationYaml, type FederationServer, type Institution, startFederation } from '../../support/federation.ts'
import { createSigner, signDocument } from '../../support/signed-metadata.ts'

let server: TestServer
let federation: FederationServer
beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  federation = await startFederation()
})
afterAll(async () => {
  await server.close()
  await federation.close()
})

const OSLO: Institution = { entityId: 'https://idp.oslo.example/saml', names: { en: 'Oslo Test University', nb: 'Testuniversitetet i Oslo' }, scopes: ['oslo.example.no'], keywords: 'UiOT oslo+test', registrar: 'https://www.feide.no', errorUrl: 'https://help.oslo.example/?code=ERRORURL_CODE' }
const LAHTI: Institution = { entityId: 'https://idp.lahti.example/saml', names: { fi: 'Lahden koekorkeakoulu' }, scopes: ['lahti.example.fi'] }

function inDays(days: number): string {
  return new Date(server.ctx.clock.now() + days * 86_400_000).toISOString()
}

async function run(): Promise<number> {
  return refreshFederationsJob.run(server.ctx, () => false)
}

/** Makes it due and runs the job. */
async function refresh(): Promise<number> {
  await sql`update federations set refresh_at = clock_now()`.execute(server.ctx.db)
  return run()
}

async function rows(): Promise<ReadonlyMap<string, { readonly version: string; readonly disabled: boolean; readonly reason: string | null }>> {
  const found = await sql<{ provider_id: string; version: string; disabled: boolean; reason: string | null }>`
    select provider_id, xmin::text as version, (document->>'disabled')::boolean as disabled, document->>'disabled_reason' as reason from providers where federation is not null`.execute(server.ctx.db)
  return new Map(found.rows.map((row) => [row.provider_id, row]))
}

async function state() {
  const [only] = await listFederations(server.ctx.db)
  if (only === undefined) throw new Error('no federation is declared')
  return only
}

test('what is declared is imported by the job: names, words, domains, country, and what a sign-in needs', async () => {
  federation.publishList([OSLO, LAHTI, { entityId: 'https://sp.example', service: true }], { validUntil: inDays(5) })
  await server.apply(federationYaml(federation))
  expect((await rows()).size).toBe(0)
  expect(await run()).toBe(2)
  const oslo = await findProvider(server.ctx, federatedProviderId(OSLO.entityId))
  expect(oslo?.provider).toMatchObject({ protocol: 'saml', name: { en: 'Oslo Test University', nb: 'Testuniversitetet i Oslo' }, keywords: ['UiOT', 'oslo test'], country: 'no', disabled: false })
  expect((await findSamlEntity(server.ctx.db, federatedProviderId(OSLO.entityId)))?.facts).toMatchObject({ entity_id: OSLO.entityId, sign_on: [{ binding: 'redirect', location: 'https://idp.oslo.example/saml/sso' }], error_url: OSLO.errorUrl, scopes: ['oslo.example.no'] })
  expect((await findProvider(server.ctx, federatedProviderId(LAHTI.entityId)))?.provider.country).toBe('fi')
  expect(await state()).toMatchObject({ providers: 2, failure: undefined })
  expect(await run()).toBe(0)
})
