import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, get, newPkce, obtainCode, type Parameters, post, redeem, withoutReference } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const CREDENTIALS = { grant_type: 'client_credentials' }
const token = (parameters: Parameters | string, headers: Record<string, string> = {}) => post(server.issuer, '/oauth/token', parameters, headers)

describe('client authentication', () => {
  test.each<[string, Parameters, Record<string, string>, number, string]>([
    ['none at all', CREDENTIALS, {}, 401, 'invalid_client'],
    ['a wrong secret', CREDENTIALS, { authorization: basic('robot', 'wrong') }, 401, 'invalid_client'],
    ['an unknown client', CREDENTIALS, { authorization: basic('nobody') }, 401, 'invalid_client'],
    ['a client id with NUL', CREDENTIALS, { authorization: basic('rob\0ot') }, 401, 'invalid_client'],
    ['Basic and body at once', { ...CREDENTIALS, client_id: 'robot', client_secret: SECRET }, { authorization: basic('robot') }, 400, 'invalid_request'],
    ['another client_id in the body', { ...CREDENTIALS, client_id: 'planner' }, { authorization: basic('robot') }, 400, 'invalid_request'],
    ['a method that is not the registered one', { ...CREDENTIALS, client_id: 'robot', client_secret: SECRET }, {}, 401, 'invalid_client'],
    ['only the id of a confidential client', { ...CREDENTIALS, client_id: 'robot' }, {}, 401, 'invalid_client'],
    ['Basic that is no base64', CREDENTIALS, { authorization: 'Basic %%%' }, 401, 'invalid_client'],
    ['Basic without a colon', CREDENTIALS, { authorization: `Basic ${Buffer.from('robot').toString('base64')}` }, 401, 'invalid_client'],
    ['Basic with broken encoding inside', CREDENTIALS, { authorization: `Basic ${Buffer.from('robot:%ZZ').toString('base64')}` }, 401, 'invalid_client'],
    ['a bearer token instead', CREDENTIALS, { authorization: 'Bearer x' }, 401, 'invalid_client'],
    ['a public client for itself', { ...CREDENTIALS, client_id: 'spa' }, {}, 400, 'unauthorized_client'],
  ])('%s', async (_, parameters, headers, status, error) => {
    const answer = await token(parameters, headers)
    expect(answer).toMatchObject({ status, body: { error } })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
    if (status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
  })

  test('unknown, disabled and wrong secret are the same answer', async () => {
    await server.apply(`kind: client\nclient_id: sleeper\nclient_secret: { value: ${SECRET} }\napplication_type: service\nstatus: disabled\n`)
    const bodies = [await token(CREDENTIALS, { authorization: basic('nobody') }), await token(CREDENTIALS, { authorization: basic('sleeper') }), await token(CREDENTIALS, { authorization: basic('robot', 'wrong') })].map(withoutReference)
    expect(new Set(bodies).size).toBe(1)
  })

  test('Basic is form-urlencoded inside, with or without need', async () => {
    const encoded = `Basic ${Buffer.from(`${'robot'.replaceAll('o', '%6F')}:${SECRET}`).toString('base64')}`
    expect((await token(CREDENTIALS, { authorization: encoded })).status).toBe(200)
    expect((await token(CREDENTIALS, { authorization: basic('robot').replace('Basic', 'basic') })).status).toBe(200)
  })

  test('a disabled client is refused within a second', async () => {
    await server.apply(`kind: client\nclient_id: fading\nclient_secret: { value: ${SECRET} }\napplication_type: service\nscope: gk_calendar\n`)
    const before = await token(CREDENTIALS, { authorization: basic('fading') })
    expect(before.status).toBe(200)
    await server.apply(`kind: client\nclient_id: fading\nclient_secret: { value: ${SECRET} }\napplication_type: service\nscope: gk_calendar\nstatus: disabled\n`)
    const known = await post(server.issuer, '/oauth/introspection', { token: String(before.body['access_token']) }, { authorization: basic('planner') })
    expect(known.text).toBe('{"active":false}')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect((await token(CREDENTIALS, { authorization: basic('fading') })).status).toBe(401)
  })
})

describe('what a token request may not be', () => {
  const robot = { authorization: '' }
  beforeAll(() => {
    robot.authorization = basic('robot')
  })

  test.each<[string, string, number, string]>([
    ['no grant type', 'scope=x', 400, 'invalid_request'],
    ['an unknown grant type', 'grant_type=magic', 400, 'unsupported_grant_type'],
    ['a grant type the client has not', 'grant_type=authorization_code&code=x', 400, 'unauthorized_client'],
    ['a scope it may not have', 'grant_type=client_credentials&scope=gk_grades', 400, 'invalid_scope'],
    ['a repeated parameter', 'grant_type=client_credentials&scope=gk_calendar&scope=openid', 400, 'invalid_request'],
    ['broken percent-encoding', 'grant_type=client_credentials&scope=%ZZ', 400, 'invalid_request'],
    ['NUL', 'grant_type=client_credentials&scope=%00', 400, 'invalid_request'],
    ['a lone surrogate', 'grant_type=client_credentials&scope=%ED%A0%80', 400, 'invalid_request'],
    ['an unknown audience', 'grant_type=client_credentials&audience=nowhere', 400, 'invalid_target'],
    ['resource and audience that differ', 'grant_type=client_credentials&resource=https://calendar.example.org&audience=x', 400, 'invalid_request'],
    ['an array in PHP spelling', 'grant_type[]=client_credentials', 400, 'invalid_request'],
    ['__proto__', '__proto__=client_credentials', 400, 'invalid_request'],
  ])('%s', async (_, body, status, error) => {
    expect(await token(body, robot)).toMatchObject({ status, body: { error } })
  })

  test('a GET, or parameters in the address', async () => {
    const answer = await get(server.issuer, '/oauth/token?grant_type=client_credentials', robot)
    expect(answer).toMatchObject({ status: 405, body: { error: 'invalid_request' } })
    expect(answer.headers.get('allow')).toBe('POST')
    expect(await post(server.issuer, '/oauth/token?client_id=robot', CREDENTIALS, robot)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test.each([
    ['JSON', 'application/json', '{"grant_type":"client_credentials"}', 415],
    ['plain text', 'text/plain', 'grant_type=client_credentials', 415],
    ['multipart', 'multipart/form-data; boundary=x', '--x--', 415],
    ['a megabyte', 'application/x-www-form-urlencoded', `grant_type=client_credentials&x=${'a'.repeat(1_000_000)}`, 413],
  ])('%s', async (_, type, body, status) => {
    const answer = await token(body, { ...robot, 'content-type': type })
    expect(answer.status).toBe(status)
    expect(answer.body['error']).toBe('invalid_request')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('an address of ten kilobytes, headers of twenty', async () => {
    expect((await fetch(`${server.issuer}/oauth/token?${'a'.repeat(10_000)}`, { method: 'POST' })).status).toBe(414)
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${server.issuer}/oauth/token`, { method: 'POST', headers: { 'x-long': 'a'.repeat(20_000) } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      request.on('error', reject)
      request.end()
    })
    expect(status).toBe(431)
  })
})

describe('a code', () => {
  const redeemWith = async (changes: Parameters, headers?: Record<string, string>, request: Parameters = {}) => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer), request)
    return { grant, answer: await redeem(server.issuer, grant, changes, headers) }
  }

  test.each<[string, () => Parameters]>([
    ['a wrong verifier', () => ({ code_verifier: newPkce().verifier })],
    ['no verifier', () => ({ code_verifier: undefined })],
    ['a verifier that is none', () => ({ code_verifier: 'short' })],
    ['another redirect URI', () => ({ redirect_uri: 'http://127.0.0.1/callback' })],
    ['no redirect URI', () => ({ redirect_uri: undefined })],
    ['a changed letter', () => ({ code: 'ptr_ac_changed' })],
  ])('is not taken with %s, and not burnt by it', async (_, changes) => {
    const { grant, answer } = await redeemWith(changes())
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await redeem(server.issuer, grant)).status).toBe(200)
  })

  test('of another client is not taken, and not burnt', async () => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer))
    const stolen = await redeem(server.issuer, grant, { client_id: 'second', client_secret: SECRET }, {})
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await redeem(server.issuer, grant)).status).toBe(200)
  })

  test('lives sixty seconds', async () => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer))
    await server.advance(61)
    expect(await redeem(server.issuer, grant)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  test('made without a challenge takes no verifier (downgrade)', async () => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer), { client_id: 'certified', redirect_uri: 'https://certified.example.org/callback', code_challenge: undefined, code_challenge_method: undefined })
    const headers = { authorization: basic('certified') }
    const changes = { redirect_uri: 'https://certified.example.org/callback' }
    expect(await redeem(server.issuer, grant, changes, headers)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await redeem(server.issuer, grant, { ...changes, code_verifier: undefined }, headers)).status).toBe(200)
  })

  test('for an API gives a token for it; narrower is taken, another API is not', async () => {
    const request = { resource: 'https://calendar.example.org', scope: 'openid gk_calendar' }
    const other = await redeemWith({ resource: 'https://grades.example.org' }, undefined, request)
    expect(other.answer).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
    const tokens = await redeem(server.issuer, other.grant)
    expect(tokens.status).toBe(200)
    const byOwner = await post(server.issuer, '/oauth/introspection', { token: String(tokens.body['access_token']) }, { authorization: basic('calendar-api') })
    expect(byOwner.body).toMatchObject({ active: true, aud: 'https://calendar.example.org', subject_type: 'user' })
    const byStranger = await post(server.issuer, '/oauth/introspection', { token: String(tokens.body['access_token']) }, { authorization: basic('robot') })
    expect(byStranger.text).toBe('{"active":false}')
  })
})
