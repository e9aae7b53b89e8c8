import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'kysely'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetchLogosJob } from '../../../src/jobs/fetch-logos.ts'
import { refreshFederationsJob } from '../../../src/jobs/refresh-federations.ts'
import { federatedProviderId } from '../../../src/upstream/federation/entity.ts'
import { findLogos } from '../../../src/upstream/federation/logo-store.ts'
import { begin } from '../../journeys/person.ts'
import { startTestServer, type TestServer } from '../../support/app.ts'
import { newBrowser } from '../../support/browser.ts'
import { federationYaml, type FederationServer, type Institution, startFederation } from '../../support/federation.ts'

let server: TestServer
let federation: FederationServer
let pictures: Server
const asked: string[] = []
let answers: Readonly<Record<string, { readonly type: string; readonly body: string | Buffer; readonly status?: number; readonly location?: string }>> = {}

function inDays(days: number): string {
  return new Date(server.ctx.clock.now() + days * 86_400_000).toISOString()
}

/** A picture of so many pixels that says little. */
function picture(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: '#0a5' } })
}

/** A small file that claims to be of a billion pixels. */
function withHugeHeader(png: Buffer): Buffer {
  const copy = Buffer.from(png)
  copy.writeUInt32BE(60_000, 16)
  copy.writeUInt32BE(60_000, 20)
  return copy
}

beforeAll(async () => {
  pictures = createServer((request, response) => {
    asked.push(request.url ?? '')
    const { type, body, status = 200, location } = answers[request.url ?? ''] ?? { type: 'text/plain', body: '', status: 404 }
    response.writeHead(status, { 'content-type': type, ...(location === undefined ? {} : { location }) }).end(body)
  })
  await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve))
  ;[server, federation] = await Promise.all([startTestServer({ env: { PORTNER_TEST_FETCH: '1' } }), startFederation()])
  const png = await picture(200, 100).png().toBuffer()
  const noise = await sharp(Buffer.from(Array.from({ length: 300 * 300 * 3 }, (_value, i) => (i * 7919 * (i % 13)) % 256)), { raw: { width: 300, height: 300, channels: 3 } }).jpeg().toBuffer()
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><script>alert(1)</script><image href="file:///etc/passwd"/></svg>'
  answers = {
    '/good.png': { type: 'image/png', body: png },
    '/photo.jpg': { type: 'image/jpeg', body: noise },
    '/bomb.png': { type: 'image/png', body: await picture(3000, 3000).png().toBuffer() },
    '/claims.png': { type: 'image/png', body: withHugeHeader(png) },
    '/broken.png': { type: 'image/png', body: png.subarray(0, png.length / 2) },
    '/script.svg': { type: 'image/svg+xml', body: svg },
    '/disguised.png': { type: 'image/png', body: svg },
    '/page.png': { type: 'text/html', body: '<!doctype html><script>alert(1)</script>' },
    '/moved.png': { type: 'text/plain', body: '', status: 302, location: '/good.png' },
    '/large.png': { type: 'image/png', body: Buffer.concat([png, Buffer.alloc(600_000)]) },
  }
})
afterAll(async () => {
  await server.close()
  await federation.close()
  pictures.close()
})

function institution(name: string, url: string): Institution {
  return { entityId: `https://${name}.example/saml`, names: { en: `Picture ${name}` }, logos: [{ url, width: 64, height: 64 }] }
}

test('a logo is fetched once, made small, and shown from our own address; what is no picture is left out and stops nothing', { timeout: 60_000 }, async () => {
  const { port } = pictures.address() as AddressInfo
  const inline = await picture(30, 30).gif().toBuffer()
  const institutions = [...Object.keys(answers).map((path) => institution(path.slice(1).replace('.', '-'), `http://127.0.0.1:${port}${path}`)), institution('inline', `data:image/gif;base64,${inline.toString('base64')}`)]
  federation.publishList(institutions, { validUntil: inDays(5) })
  await server.apply(federationYaml(federation))
  await refreshFederationsJob.run(server.ctx, () => false)
  expect(await fetchLogosJob.run(server.ctx, () => false)).toBe(3)

  const idOf = (name: string): string => federatedProviderId(`https://${name}.example/saml`)
  const logos = await findLogos(server.ctx.db, institutions.map(({ entityId }) => federatedProviderId(entityId)))
  expect([...logos.keys()].toSorted()).toEqual([idOf('good-png'), idOf('inline'), idOf('photo-jpg')].toSorted())
  for (const hash of logos.values()) {
    const answer = await fetch(`${server.issuer}/logos/${hash}.webp`)
    expect(answer.headers.get('content-type')).toBe('image/webp')
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(bytes.length).toBeLessThanOrEqual(4096)
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 64, height: 64 })
  }

  const before = asked.length
  expect(before).toBe(Object.keys(answers).length)
  await fetchLogosJob.run(server.ctx, () => false)
  await sql`update federations set refresh_at = clock_now()`.execute(server.ctx.db)
  federation.publishList(institutions, { validUntil: inDays(6) })
  await refreshFederationsJob.run(server.ctx, () => false)
  await fetchLogosJob.run(server.ctx, () => false)
  expect(asked.length).toBe(before)
})

test('the list of institutions shows it, with its size, and letters where there is none', async () => {
  const person = newBrowser(server.issuer)
  const { page } = await begin(person, server.issuer)
  const found = await person.submit(page, 'q', { q: 'picture' })
  expect(found.html).toMatch(/<img class="disc" src="\/logos\/[0-9a-f]{32}\.webp" width="40" height="40" alt="" loading="lazy"/)
  expect(found.html).toContain('class="disc" aria-hidden="true"')
  expect(found.html).not.toContain('127.0.0.1')
})

test.each(['/logos/00000000000000000000000000000000.webp', '/logos/..%2fetc.webp', '/logos/x'])('there is no logo at %s', async (path) => {
  expect((await fetch(server.issuer + path)).status).toBe(404)
})
