import { calculateJwkThumbprint, decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { senderConstraints } from '../../src/tokens/sender-constraint/index.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { behindProxy, certificateHeader, newCertificate, newClientAuthority } from '../support/client-certificates.ts'
import { authorizationUrl, answerOf, basic, get, type JsonAnswer, newPkce, post, walk } from '../support/relying-party.ts'
import { newKey, proofOf } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// What holds for every way of binding tokens to their holder.

type Headers = Readonly<Record<string, string>>

/** What somebody holds, and how they show it with a request. */
interface Holder {
  readonly value: string
  readonly show: (method: string, path: string, accessToken?: string) => Promise<Headers>
}

interface Way {
  /** The registration that asks for it. */
  readonly registers: string
  readonly newHolder: () => Promise<Holder>
  /** Shown, and not right. */
  readonly broken: Headers
  readonly brokenIs: readonly [status: number, error: string]
}

let server: TestServer
const REDIRECT = 'https://bound.example.org/callback'

// A way that is added to the list without a line here fails the suite.
const ways: Readonly<Record<string, Way>> = {
  dpop: {
    registers: 'dpop_bound_access_tokens: true',
    newHolder: async () => {
      const { keys, jwk } = await newKey()
      const ath = async (text: string): Promise<string> => Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('base64url')
      return { value: await calculateJwkThumbprint(jwk), show: async (method, path, accessToken) => ({ dpop: await proofOf(keys, method, server.issuer + path, accessToken === undefined ? {} : { ath: await ath(accessToken) }) }) }
    },
    broken: { dpop: 'garbage' },
    brokenIs: [400, 'invalid_dpop_proof'],
  },
  mtls: {
    registers: 'tls_client_certificate_bound_access_tokens: true',
    newHolder: async () => {
      const certificate = newCertificate()
      return { value: certificate.thumbprint, show: async () => certificateHeader(certificate) }
    },
    broken: { 'client-cert': 'garbage!' },
    brokenIs: [400, 'invalid_request'],
  },
}

beforeAll(async () => {
  server = await startTestServer({ env: behindProxy(newClientAuthority()) })
  const client = (clientId: string, more: string): string => `kind: client\nclient_id: ${clientId}\nclient_name: ${clientId}\nredirect_uris: [${REDIRECT}]\ngrant_types: [authorization_code, refresh_token${more.includes('spa') ? '' : ', client_credentials'}]\nscope: openid profile offline_access gk_calendar\nconsent: implied\n${more}\n`
  const secret = `client_secret: { value: ${SECRET} }`
  const documents = senderConstraints.flatMap(({ name }) => [client(`confidential-${name}`, `${secret}\n${ways[name]?.registers}`), client(`public-${name}`, `application_type: spa\n${ways[name]?.registers}`)])
  await server.apply([...documents, client('free', secret)].join('---\n'))
})
afterAll(() => server.close())

const token = (clientId: string, parameters: Readonly<Record<string, string>>, headers: Headers): Promise<JsonAnswer> => {
  const isPublic = clientId.startsWith('public')
  return post(server.issuer, '/oauth/token', { ...parameters, ...(isPublic ? { client_id: clientId } : {}) }, { ...headers, ...(isPublic ? {} : { authorization: basic(clientId) }) })
}

async function codeOf(clientId: string): Promise<Readonly<Record<string, string>>> {
  const pkce = newPkce()
  const browser = newBrowser(server.issuer)
  const answer = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: clientId, redirect_uri: REDIRECT, scope: 'openid profile offline_access gk_calendar', prompt: 'consent' }))))
  return { grant_type: 'authorization_code', code: answer.get('code') ?? '', code_verifier: pkce.verifier, redirect_uri: REDIRECT }
}

test('every way is one of the contract', () => {
  expect(Object.keys(ways).toSorted()).toEqual(senderConstraints.map(({ name }) => name).toSorted())
})

describe.each(senderConstraints.map((constraint) => [constraint.name, constraint] as const))('%s', (name, constraint) => {
  const way = (): Way => {
    const known = ways[name]
    if (known === undefined) throw new Error(`${name} is not known to the contract`)
    return known
  }
  const machine = async (holder: Holder, parameters = {}): Promise<JsonAnswer> => token(`confidential-${name}`, { grant_type: 'client_credentials', scope: 'gk_calendar', ...parameters }, await holder.show('POST', '/oauth/token'))
  const userinfo = (accessToken: unknown, headers: Headers, scheme: string = constraint.tokenType): Promise<JsonAnswer> => get(server.issuer, '/userinfo', { authorization: `${scheme} ${String(accessToken)}`, ...headers })

  test('a token names its holder: in introspection, and in itself where it is a JWT', async () => {
    const holder = await way().newHolder()
    const { body } = await machine(holder)
    expect(body['token_type']).toBe(constraint.tokenType)
    const cnf = { [constraint.member]: holder.value }
    expect((await post(server.issuer, '/oauth/introspection', { token: String(body['access_token']) }, { authorization: basic(`confidential-${name}`) })).body).toMatchObject({ active: true, token_type: constraint.tokenType, cnf })
    const jwt = await machine(holder, { resource: 'https://grades.example.org' })
    expect(decodeJwt(String(jwt.body['access_token']))['cnf']).toEqual(cnf)
  })

  test('who registered it and shows nothing, something broken, or what binds in another way gets no token', async () => {
    const request = { grant_type: 'client_credentials' }
    expect(await token(`confidential-${name}`, request, {})).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    const [status, error] = way().brokenIs
    expect(await token(`confidential-${name}`, request, way().broken)).toMatchObject({ status, body: { error } })
    for (const other of senderConstraints.filter((one) => one.name !== name)) {
      const holder = await ways[other.name]?.newHolder()
      expect(await token(`confidential-${name}`, request, (await holder?.show('POST', '/oauth/token')) ?? {}), other.name).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    }
  })

  test('where several are shown, the registered one binds', async () => {
    const holder = await way().newHolder()
    const all = await Promise.all(senderConstraints.filter((one) => one.name !== name).map(async (other) => (await ways[other.name]?.newHolder())?.show('POST', '/oauth/token')))
    const { body } = await token(`confidential-${name}`, { grant_type: 'client_credentials', resource: 'https://grades.example.org' }, Object.assign({}, ...all, await holder.show('POST', '/oauth/token')) as Headers)
    expect(body['token_type']).toBe(constraint.tokenType)
    expect(decodeJwt(String(body['access_token']))['cnf']).toEqual({ [constraint.member]: holder.value })
  })

  test('who did not register it is bound by what was sent for that alone', async () => {
    const holder = await way().newHolder()
    const { body } = await token('free', { grant_type: 'client_credentials', resource: 'https://grades.example.org' }, await holder.show('POST', '/oauth/token'))
    expect(decodeJwt(String(body['access_token']))['cnf']).toEqual(constraint.bindsByItself ? { [constraint.member]: holder.value } : undefined)
  })

  test('a token opens userinfo to its holder and to nobody else', async () => {
    const [holder, thief] = [await way().newHolder(), await way().newHolder()]
    const { body } = await token(`confidential-${name}`, await codeOf(`confidential-${name}`), await holder.show('POST', '/oauth/token'))
    const accessToken = String(body['access_token'])
    expect(await userinfo(accessToken, await holder.show('GET', '/userinfo', accessToken))).toMatchObject({ status: 200, body: { name: 'Ada Example' } })
    for (const headers of [{}, await thief.show('GET', '/userinfo', accessToken)]) {
      const refused = await userinfo(accessToken, headers)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toMatch(/^(Bearer|DPoP) .*error="invalid_(token|dpop_proof)"/)
    }
    const broken = await userinfo(accessToken, way().broken)
    expect([400, 401]).toContain(broken.status)
    const other = constraint.tokenType === 'DPoP' ? 'Bearer' : 'DPoP'
    expect(await userinfo(accessToken, await holder.show('GET', '/userinfo', accessToken), other)).toMatchObject({ status: 401 })
  })

  test('the refresh token of a public client is bound, too; that of another goes with its authentication', async () => {
    const [holder, thief] = [await way().newHolder(), await way().newHolder()]
    for (const clientId of [`public-${name}`, `confidential-${name}`]) {
      const { body } = await token(clientId, await codeOf(clientId), await holder.show('POST', '/oauth/token'))
      const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
      expect(await token(clientId, refresh, {})).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
      const stolen = await token(clientId, refresh, await thief.show('POST', '/oauth/token'))
      if (clientId.startsWith('public')) expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      else expect(stolen).toMatchObject({ status: 200, body: { token_type: constraint.tokenType } })
      // A theft that failed ends nothing.
      if (clientId.startsWith('public')) expect(await token(clientId, refresh, await holder.show('POST', '/oauth/token'))).toMatchObject({ status: 200, body: { token_type: constraint.tokenType } })
    }
  })

  test('is advertised', async () => {
    const { body } = await get(server.issuer, '/.well-known/openid-configuration')
    expect(name === 'dpop' ? body['dpop_signing_alg_values_supported'] : body['tls_client_certificate_bound_access_tokens']).toBeTruthy()
  })
})
