import { calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, type JsonAnswer, obtainCode, type Parameters, post, redeem } from '../support/relying-party.ts'
import { proofOf } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// A token that is bound to a key (RFC 9449) is told so to whoever asks about it, and whoever holds it exchanges it with that key only.

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const [CALENDAR, GRADES] = ['https://calendar.example.org', 'https://grades.example.org']
let server: TestServer
let keys: Awaited<ReturnType<typeof generateKeyPair>>
beforeAll(async () => {
  ;[server, keys] = await Promise.all([startTestServer(), generateKeyPair('ES256', { extractable: true })])
  const client = (id: string, more: string): string => `
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id}
scope: openid profile gk_calendar
${more}`
  await server.apply([client('holder', `redirect_uris: ['https://planner.example.org/callback']\ngrant_types: [authorization_code, refresh_token, '${GRANT}']`), client('calendar-api', `grant_types: ['${GRANT}', client_credentials]\norganization: ntu\n`)].join('\n---'))
})
afterAll(() => server.close())

const proof = (key = keys): Promise<string> => proofOf(key, 'POST', `${server.issuer}/oauth/token`)
const thumbprint = async (key = keys): Promise<string> => calculateJwkThumbprint(await exportJWK(key.publicKey))

async function boundToken(): Promise<string> {
  const grant = await obtainCode(server.issuer, newBrowser(server.issuer), { client_id: 'holder', scope: 'openid profile gk_calendar', resource: CALENDAR })
  const { body } = await redeem(server.issuer, grant, {}, { authorization: basic('holder'), dpop: await proof() })
  expect(body['token_type']).toBe('DPoP')
  return String(body['access_token'])
}

async function exchange(token: string, as: string, dpop?: string, changes: Parameters = {}): Promise<JsonAnswer> {
  const form = { grant_type: GRANT, subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: GRADES, ...changes }
  return post(server.issuer, '/oauth/token', form, { authorization: basic(as), ...(dpop === undefined ? {} : { dpop }) })
}

test('introspection names its type and its key, in JSON and signed', async () => {
  const token = await boundToken()
  const expected = { active: true, token_type: 'DPoP', cnf: { jkt: await thumbprint() } }
  expect((await post(server.issuer, '/oauth/introspection', { token }, { authorization: basic('calendar-api') })).body).toMatchObject(expected)
  const signed = await fetch(`${server.issuer}/oauth/introspection`, { method: 'POST', headers: { authorization: basic('calendar-api'), accept: 'application/token-introspection+jwt' }, body: new URLSearchParams({ token }) })
  expect(decodeJwt(await signed.text())['token_introspection']).toMatchObject(expected)
})

describe('who holds it', () => {
  test('exchanges it with the key, for one that is bound to that key again', async () => {
    const { status, body } = await exchange(await boundToken(), 'holder', await proof())
    expect(status).toBe(200)
    expect(body['token_type']).toBe('DPoP')
    expect(decodeJwt(String(body['access_token']))['cnf']).toEqual({ jkt: await thumbprint() })
  })

  test('gets nothing without a proof, with another key, or with a proof that was used', async () => {
    const token = await boundToken()
    expect(await exchange(token, 'holder')).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect(await exchange(token, 'holder', await proof(await generateKeyPair('ES256', { extractable: true })))).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    const once = await proof()
    expect((await exchange(token, 'holder', once)).status).toBe(200)
    expect(await exchange(token, 'holder', once)).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
  })
})

test('the API that was called with it has no such key: what it gets is bound to its own, if it proves one', async () => {
  const own = await generateKeyPair('ES256', { extractable: true })
  const { status, body } = await exchange(await boundToken(), 'calendar-api', await proof(own))
  expect(status).toBe(200)
  expect(decodeJwt(String(body['access_token']))).toMatchObject({ cnf: { jkt: await thumbprint(own) }, act: { sub: 'client:calendar-api' } })
})
