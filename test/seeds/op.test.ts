import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, basic, type JsonAnswer, newPkce, post, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// OP's page on authorization: token responses that say how the refresh token stands, for strong sign-ins and for systems.

const CALLBACK = 'https://tpp.example.fi/callback'
const MONTH = 30 * 86_400

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const client = (id: string, more: string): string => `kind: client\nclient_id: ${id}\nclient_secret: { value: ${SECRET} }\nclient_name: A third party\nredirect_uris: [${CALLBACK}]\ngrant_types: [authorization_code, refresh_token, client_credentials]\nscope: openid gk_calendar offline_access\n${more}`
  await server.apply(`${client('tpp', 'compatibility: [extended_token_response]')}\n---\n${client('usual', '')}`)
})
afterAll(() => server.close())

async function token(parameters: Readonly<Record<string, string>>, clientId: string): Promise<JsonAnswer> {
  const answer = await post(server.issuer, '/oauth/token', parameters, { authorization: basic(clientId) })
  expect(answer.status, answer.text).toBe(200)
  return answer
}

async function codeGrant(clientId: string, scope: string): Promise<JsonAnswer> {
  const [browser, pkce] = [newBrowser(server.issuer), newPkce()]
  const query = new URLSearchParams({ client_id: clientId, response_type: 'code', redirect_uri: CALLBACK, scope, code_challenge: pkce.challenge, code_challenge_method: 'S256' })
  const code = answerOf(await walk(browser, await browser.open(`/oauth/authorization?${query}`))).get('code') ?? ''
  return token({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier }, clientId)
}

function refresh(from: JsonAnswer, clientId = 'tpp'): Promise<JsonAnswer> {
  return token({ grant_type: 'refresh_token', refresh_token: String(from.body['refresh_token']) }, clientId)
}

const now = (): number => Math.floor(server.ctx.clock.now() / 1000)

describe.each(['gk_calendar', 'openid gk_calendar'])('the response for a person, scope %s', (scope) => {
  test('has every member that the page lists', async () => {
    const { body } = await codeGrant('tpp', scope)
    const { id_token, ...rest } = body
    expect(typeof id_token).toBe(scope.includes('openid') ? 'string' : 'undefined')
    expect(rest).toEqual({
      token_type: 'Bearer',
      access_token: expect.stringMatching(/^ptr_at_/),
      scope,
      status: 'approved',
      refresh_token: expect.stringMatching(/^ptr_rt_/),
      refresh_token_expires_in: MONTH,
      refresh_token_issued_at: expect.any(Number),
      expires_in: 3600,
      refresh_count: 0,
    })
    expect(Math.abs(Number(body['refresh_token_issued_at']) - now())).toBeLessThan(30)
  })

  test('counts the refreshes, and dates each refresh token', async () => {
    const first = await codeGrant('tpp', scope)
    await server.advance(1000)
    const second = await refresh(first)
    expect(second.body).toMatchObject({ status: 'approved', refresh_count: 1, refresh_token_expires_in: MONTH })
    expect(Number(second.body['refresh_token_issued_at']) - Number(first.body['refresh_token_issued_at'])).toBeGreaterThanOrEqual(1000)
    expect((await refresh(second)).body).toMatchObject({ refresh_count: 2 })
  })

  test('the same refresh twice within its window is the same answer, to the byte', async () => {
    const first = await codeGrant('tpp', scope)
    const one = await refresh(first)
    await server.advance(20)
    expect((await refresh(first)).text).toBe(one.text)
  })
})

test('the response for a system has a status and nothing to refresh', async () => {
  const { body } = await token({ grant_type: 'client_credentials', scope: 'gk_calendar' }, 'tpp')
  expect(body).toEqual({ token_type: 'Bearer', access_token: expect.stringMatching(/^ptr_at_/), scope: 'gk_calendar', status: 'approved', expires_in: 3600, refresh_count: 0 })
})

test('without the switch none of it is there', async () => {
  const { body } = await codeGrant('usual', 'gk_calendar')
  expect(Object.keys(body).toSorted()).toEqual(['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type'])
  expect(Object.keys((await refresh({ ...(await codeGrant('usual', 'gk_calendar')) }, 'usual')).body).toSorted()).toEqual(['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type'])
})
