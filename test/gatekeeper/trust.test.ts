import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiSchema } from '../../src/apis/api.ts'
import { saveApi } from '../../src/apis/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { createAuthority } from '../support/certificates.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, get, obtainCode, post, redeem } from '../support/relying-party.ts'
import { proofOf } from '../support/strong-client.ts'
import { startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { SECRET } from '../support/world.ts'
import { gatekeptApis, onlooker, systemToken } from './world.ts'

// What a call rests on: the key of its token, the consent of its person, the word of the operator about where an API is.

let upstream: UpstreamApi
let server: TestServer
beforeAll(async () => {
  upstream = await startUpstreamApi()
  server = await startTestServer({ env: { PORTNER_TRUST_PROXY: '127.0.0.1,::1' } })
  await server.apply(`${gatekeptApis(upstream.url, 'grant_types: [authorization_code, client_credentials]\n')}${onlooker}`)
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})

const call = (headers: Readonly<Record<string, string>>, path = '/gk/calendar/x'): Promise<Response> => fetch(server.issuer + path, { headers })

describe('a token that is bound to a key', () => {
  test('opens only with a proof of that key, for that address and method', async () => {
    const [keys, other] = await Promise.all([generateKeyPair('ES256', { extractable: true }), generateKeyPair('ES256', { extractable: true })])
    const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'gk_calendar' }, { authorization: basic('robot'), dpop: await proofOf(keys, 'POST', `${server.issuer}/oauth/token`) })
    const token = String(body['access_token'])
    const ath = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))).toString('base64url')
    expect(await calculateJwkThumbprint(await exportJWK(keys.publicKey))).toHaveLength(43)
    const shown = async (pair: typeof keys, method: string, url: string, scheme = 'DPoP'): Promise<number> => (await call({ authorization: `${scheme} ${token}`, dpop: await proofOf(pair, method, url, { ath }) })).status
    const address = `${server.issuer}/gk/calendar/x`
    expect(await shown(keys, 'GET', address)).toBe(200)
    expect(await shown(other, 'GET', address)).toBe(401)
    expect(await shown(keys, 'POST', address)).toBe(401)
    expect(await shown(keys, 'GET', `${server.issuer}/gk/calendar/y`)).toBe(401)
    expect(await shown(keys, 'GET', 'https://evil.example/gk/calendar/x')).toBe(401)
    expect(await shown(keys, 'GET', address, 'Bearer')).toBe(401)
    expect((await call({ authorization: `Bearer ${token}` })).status).toBe(401)
    // Asked by another proxy, the proof is for the API's own name.
    const decide = async (url: string): Promise<number> => (await call({ authorization: `DPoP ${token}`, dpop: await proofOf(keys, 'GET', url, { ath }), 'x-original-method': 'GET', 'x-original-uri': '/x?y', 'x-forwarded-host': 'evil.example' }, '/gk/calendar')).status
    expect(await decide('https://calendar.example.org/x')).toBe(200)
    expect(await decide('https://evil.example/x')).toBe(401)
    expect(await decide(`${server.issuer}/gk/calendar`)).toBe(401)
  })
})

describe('a consent for one use', () => {
  test('lets one of a hundred calls at once through', async () => {
    const { body } = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { client_id: 'onlooker', scope: 'openid look.once gk_calendar' }), {}, { authorization: basic('onlooker') })
    upstream.seen()
    const answers = await Promise.all(Array.from({ length: 100 }, () => call({ authorization: `Bearer ${String(body['access_token'])}` })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(99)
    expect(upstream.seen()).toHaveLength(1)
  })
})

describe('an API that no file declares', () => {
  test('does not lead into our own network', async () => {
    const scope = 'gk_inside'
    await server.ctx.db.transaction().execute((trx) => saveApi(trx, apiSchema.parse({ api_id: 'inside', name: 'Inside', upstream: upstream.url }), { declared: false, isHeld: false }))
    await server.apply(`kind: client\nclient_id: robot\nclient_secret: { value: ${SECRET} }\nclient_name: Robot\napplication_type: service\nscope: gk_calendar ${scope}\n`)
    await expect.poll(async () => (await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope }, { authorization: basic('robot') })).status).toBe(200)
    const token = await systemToken(server.issuer, scope)
    upstream.seen()
    const answer = await call({ authorization: `Bearer ${token}` }, '/gk/inside/x')
    expect([answer.status, upstream.seen()]).toEqual([502, []])
    // The same from a file is the operator's word.
    await server.apply(`kind: api\napi_id: inside\nname: Inside\nupstream: ${upstream.url}\n`)
    await expect.poll(async () => (await call({ authorization: `Bearer ${token}` }, '/gk/inside/x')).status).toBe(200)
  })
})

describe('an API that wants a certificate of ours', () => {
  test('is not called with one whose key is another\'s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portner-'))
    const authority = createAuthority(folder)
    const [one, other] = [authority.issue('one', 'DNS:one'), authority.issue('other', 'DNS:other')]
    const pem = (file: string): string => JSON.stringify(readFileSync(file, 'utf8'))
    await server.apply(`kind: api\napi_id: strict\nname: Strict\nupstream: https://127.0.0.1:1\nupstream_auth: { type: mtls, certificate: ${pem(one.certificateFile)} }\ngatekeeper_secret: { value: ${pem(other.keyFile)} }\nallow_unauthenticated: true\n`)
    const answer = await call({}, '/gk/strict/x')
    expect([answer.status, await answer.json()]).toEqual([502, expect.objectContaining({ error: 'upstream_unavailable' })])
    expect(server.logged()).toContain('gatekeeper.certificate')
  })
})

describe('whoever writes a client', () => {
  test('reads with which grants the tokens of an API are got', async () => {
    const { status, body } = await get(server.issuer, '/.well-known/oauth-protected-resource/gk/calendar')
    expect(status).toBe(200)
    expect(body).toMatchObject({ resource: `${server.issuer}/gk/calendar`, authorization_servers: [server.issuer], resource_name: 'Calendar', scopes_supported: ['gk_calendar', 'gk_calendar_write'], bearer_methods_supported: ['header'], grant_types: ['authorization_code', 'client_credentials'] })
    expect((await get(server.issuer, '/.well-known/oauth-protected-resource/gk/nothing')).status).toBe(404)
  })
})
