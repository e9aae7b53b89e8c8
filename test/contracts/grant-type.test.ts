import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grantTypes } from '../../src/grants/index.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, type JsonAnswer, newPkce, obtainCode, type Parameters, post, redeem, walk } from '../support/relying-party.ts'
import { newKey, signed } from '../support/strong-client.ts'
import { CALLBACK, SECRET } from '../support/world.ts'

// What holds for every grant of the list, whatever it redeems.

const CIBA = 'urn:openid:params:grant-type:ciba'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const VOUCHER = 'https://workloads.example.org'

let server: TestServer
let voucher: Awaited<ReturnType<typeof newKey>>
beforeAll(async () => {
  server = await startTestServer()
  voucher = await newKey()
  await server.apply(`kind: client\nclient_id: old\nclient_secret: { value: ${SECRET} }\nclient_name: Old\ngrant_types: [password]\nprofile: legacy\ncompatibility: [password]\nscope: openid profile\n---\nkind: client\nclient_id: workload\nclient_secret: { value: ${SECRET} }\nclient_name: Workload\ngrant_types: ['${JWT_BEARER}']\nscope: gk_calendar\n---\nkind: trusted_issuer\nissuer: ${VOUCHER}\naccepts: [authorization_grants]\njwks: ${JSON.stringify({ keys: [voucher.jwk] })}\n`)
  await server.apply(`kind: client\nclient_id: no-grants\nclient_secret: { value: ${SECRET} }\nclient_name: Registered for nothing useful\nredirect_uris: [https://nothing.example.org/cb]\ngrant_types: [authorization_code]\nscope: openid\n---\nkind: client\nclient_id: only-machine\nclient_secret: { value: ${SECRET} }\napplication_type: service\nscope: gk_calendar\n---\nkind: client\nclient_id: screen\nclient_secret: { value: ${SECRET} }\nclient_name: Screen\ngrant_types: ['${DEVICE}', refresh_token]\nscope: openid profile\nconsent: implied\n---\nkind: client\nclient_id: known\nclient_secret: { value: ${SECRET} }\nclient_name: Known\ngrant_types: ['${CIBA}']\nscope: openid profile\n---\nkind: client\nclient_id: middle\nclient_secret: { value: ${SECRET} }\nclient_name: Middle\ngrant_types: ['${EXCHANGE}']\nscope: gk_calendar\norganization: ntu\n---\nkind: client\nclient_id: public\nclient_name: Public\napplication_type: native\nredirect_uris: [https://public.example.org/cb]\ngrant_types: ${JSON.stringify(grantTypes.filter((grant) => grant.publicClients === 'allowed').map((grant) => grant.type))}\n`)
})
afterAll(() => server.close())

const token = (parameters: Parameters, client = 'planner'): Promise<JsonAnswer> => post(server.issuer, '/oauth/token', parameters, { authorization: basic(client) })

// A good request of each grant; a grant that is added to the list without a line here fails the suite.
const good: Readonly<Record<string, () => Promise<{ readonly parameters: Parameters; readonly client: string }>>> = {
  authorization_code: async () => {
    const { code, pkce } = await obtainCode(server.issuer, newBrowser(server.issuer), { scope: 'openid profile' })
    return { client: 'planner', parameters: { code, redirect_uri: CALLBACK, code_verifier: pkce.verifier } }
  },
  refresh_token: async () => {
    const { body } = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { scope: 'openid profile' }))
    return { client: 'planner', parameters: { refresh_token: String(body['refresh_token']) } }
  },
  client_credentials: async () => ({ client: 'robot', parameters: {} }),
  [CIBA]: async () => {
    const { body } = await post(server.issuer, '/oauth/backchannel_authentication', { scope: 'openid profile', login_hint: 'ada@ntu.example' }, { authorization: basic('known') })
    await fetch(`${server.issuer}/test/approval?${new URLSearchParams({ auth_req_id: String(body['auth_req_id']), action: 'allow' })}`, { method: 'POST' })
    return { client: 'known', parameters: { auth_req_id: String(body['auth_req_id']) } }
  },
  [EXCHANGE]: async () => {
    const { body } = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { scope: 'openid gk_calendar', resource: 'https://calendar.example.org' }))
    return { client: 'middle', parameters: { subject_token: String(body['access_token']), subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: 'https://calendar.example.org' } }
  },
  [JWT_BEARER]: async () => {
    const now = Math.floor(Date.now() / 1000)
    return { client: 'workload', parameters: { assertion: await signed({ iss: VOUCHER, sub: 'workload', aud: server.issuer, jti: crypto.randomUUID(), iat: now, exp: now + 60 }, {}, voucher.keys.privateKey) } }
  },
  password: async () => ({ client: 'old', parameters: { username: 'ada', password: 'ada has a password' } }),
  [DEVICE]: async () => {
    const { body } = await post(server.issuer, '/oauth/device_authorization', {}, { authorization: basic('screen') })
    const browser = newBrowser(server.issuer)
    const question = await walk(browser, await browser.submit(await browser.open(`${server.issuer}/device`), 'user_code', { user_code: String(body['user_code']) }))
    await browser.submit(question, 'decision', { decision: 'allow' })
    return { client: 'screen', parameters: { device_code: String(body['device_code']) } }
  },
}

/** What these may is settled before the token request. */
const SETTLED = new Set(['authorization_code', DEVICE, CIBA])

describe.each(grantTypes.map((grant) => [grant.type, grant] as const))('%s', (type, grant) => {
  const prepare = () => good[type]?.() ?? Promise.reject(new Error(`no good request of ${type} is known to the contract`))

  test('answers with what RFC 6749 §5.1 asks, never to be stored', async () => {
    const { parameters, client } = await prepare()
    const answer = await token({ grant_type: type, ...parameters }, client)
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: expect.any(Number), access_token: expect.stringMatching(/^(ptr_at_|eyJ)/), scope: expect.any(String) } })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('pragma')).toBe('no-cache')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  })

  test('is refused to a client that is not registered for it, and spends nothing', async () => {
    const { parameters, client } = await prepare()
    const stranger = type === 'authorization_code' ? 'only-machine' : 'no-grants'
    expect(await token({ grant_type: type, ...parameters }, stranger)).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } })
    expect((await token({ grant_type: type, ...parameters }, client)).status).toBe(200)
  })

  test('is refused without client authentication, and spends nothing', async () => {
    const { parameters, client } = await prepare()
    expect(await post(server.issuer, '/oauth/token', { grant_type: type, client_id: client, ...parameters })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(await post(server.issuer, '/oauth/token', { grant_type: type, ...parameters }, { authorization: basic(client, 'wrong') })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect((await token({ grant_type: type, ...parameters }, client)).status).toBe(200)
  })

  test('gives public clients what its rule says', async () => {
    const answer = await post(server.issuer, '/oauth/token', { grant_type: type, client_id: 'public', code: 'x', refresh_token: 'x', device_code: 'x', code_verifier: newPkce().verifier })
    expect(answer.body['error']).toBe(grant.publicClients === 'refused' ? 'unauthorized_client' : 'invalid_grant')
  })

  test('names each parameter that is missing or empty', async () => {
    const { parameters, client } = await prepare()
    for (const [name, field] of Object.entries(grant.parameters.shape)) {
      if (field.safeParse(undefined).success) continue
      for (const value of [undefined, '']) {
        const answer = await token({ grant_type: type, ...parameters, [name]: value }, client)
        expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
        expect(answer.body['error_description']).toContain(name)
      }
    }
  })

  test('takes no scope that was not granted', async () => {
    const { parameters, client } = await prepare()
    const answer = await token({ grant_type: type, ...parameters, scope: 'gk_grades' }, client)
    if (SETTLED.has(type)) expect(answer.body['scope']).toBe('openid profile')
    else expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  test('refuses an artefact that is cut, lengthened, or of another kind', async () => {
    const { parameters, client } = await prepare()
    for (const [name, value] of Object.entries(parameters)) {
      if (value?.startsWith('ptr_') !== true) continue
      for (const changed of [value.slice(0, -1), `${value}A`, value.replace(/^ptr_../, 'ptr_zz'), value.toLowerCase()]) {
        expect(await token({ grant_type: type, ...parameters, [name]: changed }, client)).toMatchObject({ status: 400, body: { error: type === EXCHANGE ? 'invalid_request' : 'invalid_grant' } })
      }
    }
  })
})
