import { request } from 'node:http'
import { type JWK, exportJWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newKey, proofOf, signed } from '../support/strong-client.ts'
import { type Fapi, hashOf, type Keys, startFapi, tokensOf, variants } from './fapi.ts'

// The module dpop-negative-tests: every bad proof at the protected resource, beside good ones that look unusual.

const [variant] = variants
if (variant === undefined) throw new Error('no variant')

let fapi: Fapi
let token: string
let jwk: JWK
beforeAll(async () => {
  fapi = await startFapi(variant)
  token = String((await tokensOf(fapi)).tokens.body['access_token'])
  jwk = await exportJWK(fapi.holder.publicKey)
})
afterAll(() => fapi.close())

type Changes = Readonly<Record<string, unknown>>

/** A proof for the resource, changed in its claims and its header. */
function proof(claims: Changes = {}, header: Changes = {}, keys: Keys = fapi.holder): Promise<string> {
  return proofOf(keys, 'GET', `${fapi.server.issuer}/userinfo`, { iat: fapi.now(), ath: hashOf(token), ...claims }, header)
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function withoutHeader(name: 'typ' | 'jwk'): Promise<string> {
  const header = { alg: 'ES256', ...(name === 'typ' ? { jwk } : { typ: 'dpop+jwt' }) }
  return signed({ jti: crypto.randomUUID(), htm: 'GET', htu: `${fapi.server.issuer}/userinfo`, iat: fapi.now(), ath: hashOf(token) }, header, fapi.holder.privateKey)
}

async function unsigned(): Promise<string> {
  const [, claims] = (await proof()).split('.')
  return `${part({ alg: 'none', typ: 'dpop+jwt', jwk })}.${claims}.`
}

async function underRs256(): Promise<string> {
  const { keys, jwk: rsa } = await newKey('RS256')
  const { n, e } = rsa
  return proof({}, { alg: 'RS256', jwk: { kty: 'RSA', n, e } }, keys)
}

async function spoiled(): Promise<string> {
  const [header, claims] = (await proof()).split('.')
  return `${header}.${claims}.${(await proof()).split('.')[2]}`
}

/** Several headers of one name: a request that fetch would join. */
function sendTwice(proofs: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${fapi.server.issuer}/userinfo`, { headers: { authorization: `DPoP ${token}`, dpop: [...proofs] } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end()
  })
}

const bad: readonly (readonly [string, () => Promise<string | undefined>])[] = [
  ['no proof', async () => undefined],
  ['malformed', async () => 'not-a-jwt'],
  ['a JWT of two parts', async () => (await proof()).split('.').slice(0, 2).join('.')],
  ['without typ', () => withoutHeader('typ')],
  ['typ JWT', () => proof({}, { typ: 'JWT' })],
  ['alg RS256', underRs256],
  ['alg none', unsigned],
  ['without jwk', () => withoutHeader('jwk')],
  ['the private key as jwk', async () => proof({}, { jwk: await exportJWK(fapi.holder.privateKey) })],
  ['another key', async () => proof({}, {}, (await newKey()).keys)],
  ['the right jwk over another key\'s signature', async () => proof({}, { jwk }, (await newKey()).keys)],
  ['a signature of another proof', spoiled],
  ['without jti', () => proof({ jti: undefined })],
  ['without htm', () => proof({ htm: undefined })],
  ['htm of another method', () => proof({ htm: 'POST' })],
  ['htm in small letters', () => proof({ htm: 'get' })],
  ['without htu', () => proof({ htu: undefined })],
  ['htu of another place', () => proof({ htu: `${fapi.server.issuer}/oauth/token` })],
  ['htu of another server', () => proof({ htu: 'https://other.example/userinfo' })],
  ['without iat', () => proof({ iat: undefined })],
  ['iat an hour ago', () => proof({ iat: fapi.now() - 3600 })],
  ['iat in an hour', () => proof({ iat: fapi.now() + 3600 })],
  ['iat that is a text', () => proof({ iat: String(fapi.now()) })],
  ['expired', () => proof({ exp: fapi.now() - 60 })],
  ['not good yet', () => proof({ nbf: fapi.now() + 3600 })],
  ['without ath', () => proof({ ath: undefined })],
  ['ath of another token', () => proof({ ath: hashOf('another') })],
]

const unusual: readonly (readonly [string, () => Promise<string>])[] = [
  ['a claim that nobody knows', () => proof({ surprise: true })],
  ['htu with a query', () => proof({ htu: `${fapi.server.issuer}/userinfo?a=b` })],
  ['htu with a fragment', () => proof({ htu: `${fapi.server.issuer}/userinfo#part` })],
  ['htu with a host in capitals', () => proof({ htu: `${fapi.server.issuer.replace('localhost', 'LOCALHOST')}/userinfo` })],
]

describe('dpop-negative-tests', () => {
  test.each(bad)('%s is refused with a challenge', async (_name, make) => {
    const answer = await fapi.resource(token, { proof: await make() })
    expect([400, 401]).toContain(answer.status)
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP /)
  })

  test.each(unusual)('%s is taken', async (_name, make) => {
    expect((await fapi.resource(token, { proof: await make() })).status).toBe(200)
  })

  test('two DPoP headers', async () => {
    expect([400, 401]).toContain(await sendTwice([await proof(), await proof()]))
    expect(await sendTwice([await proof()])).toBe(200)
  })

  test('the same proof a second time', async () => {
    const once = await proof()
    expect((await fapi.resource(token, { proof: once })).status).toBe(200)
    expect((await fapi.resource(token, { proof: once })).status).toBe(401)
  })

  test('of a hundred with one proof, one is answered', async () => {
    const once = await proof()
    const answers = await Promise.all(Array.from({ length: 100 }, () => fapi.resource(token, { proof: once })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('under the scheme Bearer, with and without the proof', async () => {
    expect((await fapi.resource(token, { scheme: 'Bearer', proof: await proof() })).status).toBe(401)
    expect((await fapi.resource(token, { scheme: 'Bearer', proof: undefined })).status).toBe(401)
  })

  test.each([-10, 10])('ensure-dpopproof-with-iat-10seconds-before-succeeds, ensure-dpopproof-with-iat-10seconds-after-succeeds: at the resource, %i s', async (shift) => {
    expect((await fapi.resource(token, { proof: await proof({ iat: fapi.now() + shift }) })).status).toBe(200)
  })
})
