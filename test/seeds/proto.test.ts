import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, get, type JsonAnswer, post, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// Proto's page on OAuth for its apps: a code in a callback, and token requests as JSON.

const CALLBACK = 'https://app.proto.example/callback'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const client = (id: string, switches: string): string => `kind: client\nclient_id: ${id}\nclient_secret: { value: ${SECRET} }\nclient_name: The app\nredirect_uris: [${CALLBACK}]\ntoken_endpoint_auth_method: client_secret_post\ngrant_types: [authorization_code, refresh_token]\nscope: profile\ncompatibility: ${switches}\n`
  await server.apply(`${client('app', '[no_pkce, json_token_request]')}---\n${client('usual', '[no_pkce]')}`)
})
afterAll(() => server.close())

async function send(body: string, contentType = 'application/json'): Promise<JsonAnswer> {
  const response = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', body, headers: { 'content-type': contentType } })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Record<string, unknown> }
}

async function callback(clientId = 'app'): Promise<URLSearchParams> {
  const browser = newBrowser(server.issuer)
  return answerOf(await walk(browser, await browser.open(`/oauth/authorization?${new URLSearchParams({ client_id: clientId, response_type: 'code', redirect_uri: CALLBACK })}`)))
}

const credentials = { client_id: 'app', client_secret: SECRET }

async function tokens(): Promise<JsonAnswer> {
  const code = (await callback()).get('code')
  return send(JSON.stringify({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...credentials }))
}

test('the callback has the code; a state only when one was sent', async () => {
  expect([...(await callback()).keys()]).toEqual(['code', 'iss'])
})

test('the journey goes through the web view of a phone, which has no script switched on and says what application it is in', async () => {
  const browser = newBrowser(server.issuer, { 'user-agent': 'Mozilla/5.0 (Linux; Android 8.0.0; Pixel 2; wv) AppleWebKit/537.36 Version/4.0 Chrome/73.0 Mobile Safari/537.36', 'x-requested-with': 'nl.proto.app', 'accept-language': 'nl-NL' })
  const page = await walk(browser, await browser.open(`/oauth/authorization?${new URLSearchParams({ client_id: 'app', response_type: 'code', redirect_uri: CALLBACK })}`))
  expect(page.url.startsWith(`${CALLBACK}?code=`)).toBe(true)
})

test('a redirect URI that is not the one we know is a page, and leads nowhere', async () => {
  const page = await newBrowser(server.issuer).open(`/oauth/authorization?${new URLSearchParams({ client_id: 'app', response_type: 'code', redirect_uri: `${CALLBACK}/` })}`)
  expect([page.status, page.url.startsWith(server.issuer)]).toEqual([400, true])
})

test('a JSON token request brings access token, refresh token and expires_in', async () => {
  const answer = await tokens()
  expect(answer.status).toBe(200)
  expect(answer.body).toEqual({ access_token: expect.stringMatching(/^ptr_at_/), refresh_token: expect.stringMatching(/^ptr_rt_/), expires_in: 3600, token_type: 'Bearer', scope: 'profile' })
})

test('after expires_in the token is refused, and a JSON refresh brings the next', async () => {
  const first = await tokens()
  const bearer = (answer: JsonAnswer): Readonly<Record<string, string>> => ({ authorization: `Bearer ${String(answer.body['access_token'])}` })
  expect(await get(server.issuer, '/userinfo', bearer(first))).toMatchObject({ status: 200, body: { name: 'Ada Example' } })
  await server.advance(3601)
  const refused = await get(server.issuer, '/userinfo', bearer(first))
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')])
  const next = await send(JSON.stringify({ grant_type: 'refresh_token', refresh_token: first.body['refresh_token'], ...credentials }))
  expect(next.status).toBe(200)
  expect(await get(server.issuer, '/userinfo', bearer(next))).toMatchObject({ status: 200 })
})

describe('JSON is read as strictly as a form', () => {
  const good = JSON.stringify({ grant_type: 'refresh_token', ...credentials })
  test.each([
    ['an array', '[]'],
    ['a number among the values', good.replace('}', ', "n": 1}')],
    ['an object among the values', good.replace('}', ', "n": {}}')],
    ['null', good.replace('}', ', "n": null}')],
    ['a name twice', good.replace('{', '{"grant_type":"password",')],
    ['a client twice', good.replace('}', ', "client_id": "usual"}')],
    ['half a character', good.replace('}', String.raw`, "n": "\ud800"}`)],
    ['NUL', good.replace('}', String.raw`, "n": "\u0000"}`)],
    ['more after the end', `${good} {}`],
    ['a comma too many', good.replace('}', ',}')],
    ['no JSON', 'grant_type=refresh_token'],
    ['nothing', ''],
    ['101 names', JSON.stringify({ ...credentials, ...Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`n${i}`, 'x'])) })],
  ])('%s is invalid_request', async (_, body) => {
    expect(await send(body)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('an empty value is an absent one, and a missing one is named', async () => {
    expect(await send(JSON.stringify({ ...credentials, grant_type: 'refresh_token', refresh_token: '' }))).toMatchObject({ status: 400, body: { error: 'invalid_request', error_description: 'Missing parameter: refresh_token' } })
  })

  test('the errors are those of a form', async () => {
    const wrong = { grant_type: 'authorization_code', code: 'no-code', redirect_uri: CALLBACK, ...credentials }
    const asForm = await post(server.issuer, '/oauth/token', wrong)
    expect(await send(JSON.stringify(wrong))).toMatchObject({ status: asForm.status, body: { error: asForm.body['error'], error_description: asForm.body['error_description'] } })
    expect(await send(JSON.stringify({ ...wrong, client_secret: 'another' }))).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })
})

test('a client without the switch sends forms', async () => {
  const code = (await callback('usual')).get('code') ?? ''
  const request = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, client_id: 'usual', client_secret: SECRET }
  expect(await send(JSON.stringify(request))).toMatchObject({ status: 415, body: { error: 'invalid_request' } })
  expect(await send(JSON.stringify({ ...request, client_id: 'nobody' }))).toMatchObject({ status: 415 })
  expect(await post(server.issuer, '/oauth/token', request)).toMatchObject({ status: 200 })
})
