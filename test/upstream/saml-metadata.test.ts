import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refreshSamlMetadataJob } from '../../src/jobs/refresh-saml-metadata.ts'
import { XmlFault } from '../../src/lib/xml.ts'
import { findSamlEntity } from '../../src/upstream/saml-entities.ts'
import { readSamlMetadata, SamlMetadataFault } from '../../src/upstream/saml-metadata.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { authorizationUrl, newPkce } from '../support/relying-party.ts'
import { samlYaml, startSamlUpstream, type UpstreamSaml } from '../support/upstream-saml.ts'
import { claimsOf, leaveFor } from './journey.ts'
import { expectWayOn, introduce, returnFromSaml } from './saml-journey.ts'

// The metadata of a SAML provider: read when it was declared, read again in time, and never on the way of a sign-in.

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
  upstream.metadata = (xml) => xml
  upstream.metadataFault = undefined
  upstream.hits = 0
})

function refresh(): Promise<number> {
  return refreshSamlMetadataJob.run(server.ctx, () => false)
}

async function later<T>(seconds: number, work: () => Promise<T>): Promise<T> {
  await server.advance(seconds)
  try {
    return await work()
  } finally {
    await server.advance(-seconds)
  }
}

async function departureOf(provider: string): Promise<ReturnType<ReturnType<typeof newBrowser>['open']>> {
  const browser = newBrowser(server.issuer)
  const discovery = await browser.open(authorizationUrl(server.issuer, newPkce()))
  return browser.open(`${new URL(discovery.url).pathname.replace(/[^/]*$/, 'login')}?provider=${provider}`)
}

describe('when they are read', () => {
  test('a sign-in asks for none', async () => {
    const away = await leaveFor(server, 'uni')
    expect(await claimsOf(server, await returnFromSaml(server, upstream, away), away)).toMatchObject({ name: 'Ada Institution' })
    expect(upstream.hits).toBe(0)
  })

  test('not before they are due; then asked for by their tag', async () => {
    await refresh()
    expect(upstream.hits).toBe(0)
    await later(7 * 3600, async () => {
      await refresh()
      await refresh()
    })
    expect(upstream.hits).toBe(1)
  })

  test('a provider whose declaration names other metadata has none until they are read', async () => {
    const another = await startSamlUpstream()
    try {
      await introduce(server, another, 'moved')
      await server.apply(samlYaml(upstream, 'moved'))
      expectWayOn(await departureOf('moved'), 503)
      await refresh()
      expect((await findSamlEntity(server.ctx.db, 'moved'))?.facts.entity_id).toBe(upstream.entityId)
    } finally {
      await another.close()
    }
  })

  test('from a file, and again when the file is another one', async () => {
    const file = join(tmpdir(), `portner-saml-${process.pid}.xml`)
    await writeFile(file, await (await fetch(upstream.metadataUrl)).text())
    await server.apply(samlYaml(upstream, 'filed').replace(/metadata_url: .*/, `metadata_file: ${file}`))
    await refresh()
    const away = await leaveFor(server, 'filed')
    expect(away.departure.origin).toBe(new URL(upstream.metadataUrl).origin)
    await writeFile(file, (await (await fetch(upstream.metadataUrl)).text()).replaceAll(upstream.entityId, 'https://renamed.example/idp'))
    await later(7 * 3600, refresh)
    expect((await findSamlEntity(server.ctx.db, 'filed'))?.facts.entity_id).toBe('https://renamed.example/idp')
  })
})

describe('when they cannot be read', () => {
  // What was read in a story of the past is due at its own time.
  let day = 10

  test.each<readonly [string, Partial<Pick<UpstreamSaml, 'metadata' | 'metadataFault'>>, string]>([
    ['nobody answers', { metadataFault: 'hang' }, 'too-slow'],
    ['an error', { metadataFault: 503 }, 'the address answers with the status 503'],
    ['no XML', { metadata: () => '<html><br></html>' }, 'not well-formed'],
    ['a document type', { metadata: (xml) => xml.replace('<md:', '<!DOCTYPE x [<!ENTITY a "b">]><md:') }, 'document type'],
    ['a megabyte', { metadata: (xml) => xml + ' '.repeat(1_100_000) }, 'too-large'],
    ['a service provider', { metadata: (xml) => xml.replaceAll('IDPSSODescriptor', 'SPSSODescriptor') }, 'the metadata is not that of a SAML 2.0 identity provider'],
    ['another protocol', { metadata: (xml) => xml.replace('SAML:2.0:protocol', 'SAML:1.1:protocol') }, 'the metadata is not that of a SAML 2.0 identity provider'],
    ['no certificate', { metadata: (xml) => xml.replace(/<md:KeyDescriptor[\s\S]*<\/md:KeyDescriptor>/, '') }, 'the entity has no signing certificate with an RSA key of 2048 bits or more'],
    ['an address that is a script', { metadata: (xml) => xml.replaceAll(/Location="[^"]*"/g, 'Location="javascript:alert(1)"') }, 'the entity has no https SingleSignOnService with the redirect or the POST binding'],
    ['over already', { metadata: (xml) => xml.replace('<md:EntityDescriptor', '<md:EntityDescriptor validUntil="2020-01-01T00:00:00Z"') }, 'the metadata are past their validUntil'],
  ])('%s: what was known stays, the others go on, and the operator reads why', async (_name, fault, reason) => {
    const before = await findSamlEntity(server.ctx.db, 'uni')
    Object.assign(upstream, fault)
    day++
    await later(day * 86_400, refresh)
    const lines = server.logged().trimEnd().split('\n').map((line) => JSON.parse(line) as { event?: string; reason?: string; providerId?: string })
    expect(lines.findLast(({ event, providerId }) => event === 'saml.metadata.failed' && providerId === 'uni')).toMatchObject({ reason })
    expect((await findSamlEntity(server.ctx.db, 'uni'))?.facts).toEqual(before?.facts)
    Object.assign(upstream, { metadata: (xml: string) => xml, metadataFault: undefined })
    const away = await leaveFor(server, 'uni')
    expect(await claimsOf(server, await returnFromSaml(server, upstream, away), away)).toMatchObject({ name: 'Ada Institution' })
  })

  test('a new provider without them: a page and a way on, and the next reading mends it', async () => {
    upstream.metadataFault = 500
    await server.apply(samlYaml(upstream, 'fresh'))
    await refresh()
    expectWayOn(await departureOf('fresh'), 503)
    upstream.metadataFault = undefined
    await later(90, refresh)
    expect((await departureOf('fresh')).status).toBe(0)
  })

  test('once they are past their own end they are not believed any more', async () => {
    const end = new Date(Date.now() + 3 * 86_400_000).toISOString()
    upstream.metadata = (xml) => xml.replace('<md:EntityDescriptor', `<md:EntityDescriptor validUntil="${end}"`)
    await introduce(server, upstream, 'ending')
    expect((await departureOf('ending')).status).toBe(0)
    upstream.metadataFault = 500
    await later(4 * 86_400, async () => {
      await refresh()
      expectWayOn(await departureOf('ending'), 503)
    })
    upstream.metadataFault = undefined
    upstream.metadata = (xml) => xml
    await later(4 * 86_400 + 600, async () => {
      await refresh()
      expect((await departureOf('ending')).status).toBe(0)
    })
  })

  test('a key that the provider has replaced is believed no longer', async () => {
    const other = await startSamlUpstream()
    await introduce(server, other, 'rolling')
    const away = await leaveFor(server, 'rolling')
    other.metadata = (xml) => xml.replace(/<ds:X509Certificate>[\s\S]*<\/ds:X509Certificate>/, `<ds:X509Certificate>${other.trusted.match(/<ds:X509Certificate>([^<]+)/)?.[1] ?? ''}</ds:X509Certificate>`)
    await later(7 * 3600, refresh)
    expectWayOn(await returnFromSaml(server, other, away), 400)
    await other.close()
  })
})

describe('the reader', () => {
  const options = { loopback: false }
  let good: string

  beforeAll(async () => {
    good = (await (await fetch(upstream.metadataUrl)).text()).replaceAll(/Location="http:\/\/[^"]*"/g, 'Location="https://idp.example/sso"')
  })

  test('finds one entity among several, and wants to know which', () => {
    const entity = good.slice(good.indexOf('<md:EntityDescriptor'))
    const two = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" cacheDuration="PT2H">${entity}${entity.replaceAll(upstream.entityId, 'https://second.example')}</md:EntitiesDescriptor>`
    expect(readSamlMetadata(two, 'https://second.example', options)).toMatchObject({ facts: { entity_id: 'https://second.example', scopes: ['idp.example'] }, cacheSeconds: 7200 })
    expect(() => readSamlMetadata(two, undefined, options)).toThrow('several')
    expect(() => readSamlMetadata(two, 'https://third.example', options)).toThrow(SamlMetadataFault)
  })

  test('takes http nowhere but on this machine, in tests', () => {
    expect(() => readSamlMetadata(good.replaceAll('https://idp.example/sso', 'http://127.0.0.1/sso'), undefined, options)).toThrow(SamlMetadataFault)
    expect(() => readSamlMetadata(good.replaceAll('https://idp.example/sso', 'http://idp.example/sso'), undefined, { loopback: true })).toThrow(SamlMetadataFault)
  })

  test('whatever was changed: the facts, or a fault of ours', () => {
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(40), fc.string({ unit: 'binary', maxLength: 20 }), (at, length, text) => {
        try {
          expect(readSamlMetadata(good.slice(0, at) + text + good.slice(at + length), undefined, options).facts.certificates.length).toBeGreaterThan(0)
        } catch (error) {
          expect(error instanceof XmlFault || error instanceof SamlMetadataFault, String(error)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})

test('a declaration has one source of metadata', async () => {
  await expect(server.apply(samlYaml(upstream, 'both', 'metadata_file: /x.xml'))).rejects.toThrow()
  await expect(server.apply(samlYaml(upstream, 'none').replace(/metadata_url: .*/, ''))).rejects.toThrow()
  await expect(server.apply(samlYaml(upstream, 'plain-http').replace(/metadata_url: .*/, 'metadata_url: http://idp.example/metadata'))).rejects.toThrow()
})
