import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { offered } from '../../../src/endpoints/offered.ts'
import { applyDeclarations } from '../../../src/declarations/apply.ts'
import { exportYaml } from '../../../src/declarations/export.ts'
import { refreshFederationsJob } from '../../../src/jobs/refresh-federations.ts'
import { runJob } from '../../../src/jobs/runner.ts'
import { federatedProviderId } from '../../../src/upstream/federation/entity.ts'
import { listFederations } from '../../../src/upstream/federation/store.ts'
import { deleteSamlEntity, findSamlEntity, saveSamlEntities } from '../../../src/upstream/saml-entities.ts'
import { findProvider } from '../../../src/upstream/store.ts'
import { startTestServer, type TestServer } from '../../support/app.ts'
import { aggregateXml, entityXml, federationYaml, type FederationServer, type Institution, startFederation } from '../../support/federation.ts'
import { createSigner, signDocument } from '../../support/signed-metadata.ts'
import { SECRET, world } from '../../support/world.ts'

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

/** What is read from memory is at most a moment old. */
async function eventually(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 5000, interval: 100 })
}

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

test('what has not changed is not written again, and not even sent again', async () => {
  const before = await rows()
  const asked = federation.requests.length
  expect(await refresh()).toBe(0)
  expect(federation.requests.slice(asked).map((headers) => headers['if-none-match'])).toEqual(['"v1"'])
  federation.publishList([OSLO, { ...LAHTI, names: { fi: 'Lahden uusi koulu' } }], { validUntil: inDays(6) })
  expect(await refresh()).toBe(1)
  const after = await rows()
  expect(after.get(federatedProviderId(OSLO.entityId))?.version).toBe(before.get(federatedProviderId(OSLO.entityId))?.version)
  await vi.waitFor(async () => expect((await findProvider(server.ctx, federatedProviderId(LAHTI.entityId)))?.provider.name).toEqual({ fi: 'Lahden uusi koulu' }), 5000)
})

test('who leaves is switched off with a reason, keeps what was known, and comes back', async () => {
  const id = federatedProviderId(LAHTI.entityId)
  federation.publishList([OSLO], { validUntil: inDays(7) })
  expect(await refresh()).toBe(1)
  await eventually(async () => expect((await findProvider(server.ctx, id))?.provider).toMatchObject({ disabled: true, disabled_reason: 'left' }))
  expect(await findSamlEntity(server.ctx.db, id)).toBeDefined()
  federation.publishList([OSLO, LAHTI], { validUntil: inDays(8) })
  expect(await refresh()).toBe(1)
  await eventually(async () => expect((await findProvider(server.ctx, id))?.provider.disabled).toBe(false))
  expect((await findProvider(server.ctx, id))?.provider.disabled_reason).toBeUndefined()
})

describe('metadata that is not taken changes nothing, and says why', () => {
  const evil: Institution = { entityId: 'https://evil.example', names: { en: 'Evil' } }
  const list = (validUntil: string | undefined): string => aggregateXml([OSLO, LAHTI, evil].map(entityXml), { validUntil })
  test.each<readonly [string, () => void, string]>([
    ['changed after it was signed', () => federation.publish(signDocument(list(inDays(9)), federation.signer).replace('>Evil<', '>Good<')), 'the document is not the one that was signed'],
    ['signed by somebody else', () => federation.publish(signDocument(list(inDays(9)), createSigner())), 'the signature is not by the declared certificate'],
    ['not signed', () => federation.publish(list(inDays(9))), 'there is no signature at the beginning of the document'],
    ['cut off', () => federation.publish(signDocument(list(inDays(9)), federation.signer).slice(0, -40)), 'the document is not well-formed XML'],
    ['no word of how long it is valid', () => federation.publish(signDocument(list(undefined), federation.signer)), 'the document does not say until when it is valid'],
    ['not valid any more', () => federation.publish(signDocument(list(inDays(-1)), federation.signer)), 'the document is not valid any more'],
    ['older than the one in force', () => federation.publish(signDocument(list(inDays(2)), federation.signer)), 'the document is older than the one in force'],
    ['an error', () => federation.answer(500, 'oops'), 'the address answers with the status 500'],
    ['somewhere else', () => federation.answer(302, '', { location: 'https://evil.example/' }), 'the address answers with the status 302'],
    ['a page', () => federation.answer(200, '<html><p>Welcome'), 'the document is not a list of entities'],
  ])('%s', async (_name, publish, reason) => {
    const before = await rows()
    publish()
    expect(await refresh()).toBe(0)
    expect(await rows()).toEqual(before)
    expect(await state()).toMatchObject({ failure: reason, providers: 2 })
    expect(server.logged()).toContain(reason)
  })

  test('the next try comes soon, then later and later', async () => {
    const waits: number[] = []
    for (let i = 0; i < 3; i++) {
      federation.answer(503)
      await refresh()
      waits.push(Math.round(((await state()).refreshAt.getTime() - server.ctx.clock.now()) / 1000))
    }
    expect(waits).toEqual([3600, 3600, 3600])
    federation.publishList([OSLO, LAHTI], { validUntil: inDays(9), cacheDuration: 'PT1H' })
    await refresh()
    expect(await state()).toMatchObject({ failure: undefined, failures: 0 })
    expect(Math.round(((await state()).refreshAt.getTime() - server.ctx.clock.now()) / 60_000)).toBe(60)
  })
})

test('of two servers one imports', async () => {
  federation.publishList([OSLO, LAHTI], { validUntil: inDays(10) })
  await sql`update federations set refresh_at = clock_now()`.execute(server.ctx.db)
  const asked = federation.requests.length
  const turns = await Promise.all([randomUUID(), randomUUID(), randomUUID()].map((holder) => runJob(server.ctx, refreshFederationsJob, holder, () => false)))
  expect(turns.filter((turn) => turn !== undefined)).toHaveLength(1)
  expect(federation.requests.length - asked).toBe(1)
})

test('a provider of a file that speaks for the same entity wins', async () => {
  const id = federatedProviderId(OSLO.entityId)
  const facts = (await findSamlEntity(server.ctx.db, id))?.facts
  if (facts === undefined) throw new Error('not imported')
  await saveSamlEntities(server.ctx.db, [{ providerId: 'lunmal', facts }])
  federation.publishList([OSLO, LAHTI], { validUntil: inDays(11) })
  await refresh()
  await eventually(async () => expect((await findProvider(server.ctx, id))?.provider).toMatchObject({ disabled: true, disabled_reason: 'declared' }))
  await deleteSamlEntity(server.ctx.db, 'lunmal')
  federation.publishList([OSLO, LAHTI], { validUntil: inDays(12) })
  await refresh()
  await eventually(async () => expect((await findProvider(server.ctx, id))?.provider.disabled).toBe(false))
})

test('of two federations with the same entity, the one that brought it first keeps it', async () => {
  const second = await startFederation()
  const before = await rows()
  second.publishList([{ ...OSLO, names: { en: 'Taken over' }, location: 'https://evil.example/sso' }], { validUntil: inDays(5) })
  await server.apply(federationYaml(second).replace('testfed', 'second'))
  expect(await run()).toBe(0)
  expect(await rows()).toEqual(before)
  expect((await findSamlEntity(server.ctx.db, federatedProviderId(OSLO.entityId)))?.facts.sign_on[0]?.location).toBe('https://idp.oslo.example/saml/sso')
  await sql`delete from federations where federation_id = 'second'`.execute(server.ctx.db)
  await second.close()
})

test('a client may name an institution of a federation, and none that is not there', async () => {
  const client = (id: string): string => `kind: client\nclient_id: only-oslo\nclient_secret: { value: ${SECRET} }\nclient_name: Only Oslo\nredirect_uris: [https://only.example.org/cb]\nlogin_providers: [${id}]`
  await server.apply(client(federatedProviderId(OSLO.entityId)))
  await expect(server.apply(client('oslo'))).rejects.toThrow('there is no provider oslo')
})

test('what a federation says of itself is exported, what came out of it is not', async () => {
  const text = await exportYaml(server.ctx, offered, 'provider')
  expect(text).toContain('protocol: saml_federation')
  expect(text).not.toContain('oslo.example')
})

test('old metadata stay in force until they expire, then their providers go off; newer ones bring them back', async () => {
  federation.answer(503)
  await server.advance(11 * 86_400)
  await refresh()
  expect((await rows()).get(federatedProviderId(OSLO.entityId))).toMatchObject({ disabled: false })
  await server.advance(2 * 86_400)
  await run()
  expect([...(await rows()).values()].map(({ disabled, reason }) => [disabled, reason])).toEqual([[true, 'expired'], [true, 'expired']])
  expect(server.logged()).toContain('its providers are switched off')
  federation.publishList([OSLO, LAHTI], { validUntil: inDays(5) })
  expect(await refresh()).toBe(2)
  expect([...(await rows()).values()].map(({ disabled }) => disabled)).toEqual([false, false])
})

test('with another certificate declared, the metadata is asked for and judged anew', async () => {
  await server.apply(federationYaml({ ...federation, signer: createSigner() }))
  await run()
  expect(await state()).toMatchObject({ failure: 'the signature is not by the declared certificate' })
  expect([...(await rows()).values()].map(({ disabled }) => disabled)).toEqual([false, false])
  await server.apply(federationYaml(federation))
  await run()
  expect(await state()).toMatchObject({ failure: undefined, providers: 2 })
})

test('a federation that is switched off or taken away leaves its people known and its providers off', async () => {
  await server.apply(federationYaml(federation, 'disabled: true'))
  expect(await run()).toBe(2)
  await server.apply(federationYaml(federation))
  expect(await run()).toBe(2)
  await applyDeclarations(server.ctx, [{ name: 'world.yaml', text: world, directory: '.' }], { offered, prune: true, demo: true, env: {} })
  expect([...(await rows()).values()].map(({ disabled, reason }) => [disabled, reason])).toEqual([[true, 'left'], [true, 'left']])
  expect(await listFederations(server.ctx.db)).toEqual([])
})
