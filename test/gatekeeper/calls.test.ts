import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TestServer } from '../support/app.ts'
import type { Seen, UpstreamApi } from '../support/upstream-api.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, get, obtainCode, post, redeem } from '../support/relying-party.ts'
import { openGatekept, systemToken, UPSTREAM_PASSWORD, userToken } from './world.ts'

// A call through the gatekeeper: what the API behind it gets to know, and who does not come so far.

let upstream: UpstreamApi
let server: TestServer
let close: () => Promise<void>
let ada: string
let robot: string
beforeAll(async () => {
  ;({ upstream, server, close } = await openGatekept())
  ada = await userToken(server.issuer)
  robot = await systemToken(server.issuer)
})
afterAll(() => close())
beforeEach(() => void upstream.seen())

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }

const call = (token: string | undefined, path = '/gk/calendar/events', init: Init = {}): Promise<Response> =>
  fetch(server.issuer + path, { redirect: 'manual', ...init, headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers } })

async function seenOf(token: string | undefined, path?: string, init?: Init): Promise<Seen> {
  const answer = await call(token, path, init)
  expect(answer.status).toBe(200)
  return (await answer.json()) as Seen
}

/** The headers with our prefix, without it. */
function told({ headers }: Seen): Record<string, string> {
  const ours = headers.filter(([name]) => name.startsWith('x-dataporten-'))
  expect(new Set(ours.map(([name]) => name)).size).toBe(ours.length)
  return Object.fromEntries(ours.map(([name, value]) => [name.slice('x-dataporten-'.length), value]))
}

describe('what the API is told', () => {
  test('with a person behind the call: who, with which client, what is allowed, and how the person signed in', async () => {
    const { body } = await get(server.issuer, '/userinfo', { authorization: `Bearer ${ada}` })
    expect(told(await seenOf(ada))).toEqual({
      gatekeeper: 'calendar',
      clientid: 'agenda',
      userid: body['sub'],
      'userid-sec': '',
      scopes: 'write',
      'subject-type': 'user',
      acr: expect.stringMatching(/^[\w:.-]*$/),
      groups: 'fc:org:ntu.example,staff,planners',
    })
  })

  test('by a system: the client, and no person, said in so many words', async () => {
    expect(told(await seenOf(robot))).toEqual({ gatekeeper: 'calendar', clientid: 'robot', scopes: 'write', 'subject-type': 'system' })
  })

  test('who asks: its own password, and never the token of the caller', async () => {
    const { headers } = await seenOf(ada, '/gk/calendar/events', { headers: { cookie: 'portner=1', dpop: 'x', 'x-forwarded-for': '10.0.0.1' } })
    const all = new Map(headers)
    expect(all.get('authorization')).toBe(`Basic ${Buffer.from(`gatekeeper:${UPSTREAM_PASSWORD}`).toString('base64')}`)
    expect(JSON.stringify(headers)).not.toContain(ada)
    for (const name of ['cookie', 'dpop', 'x-forwarded-for']) expect(all.has(name)).toBe(false)
    expect(all.get('host')).toBe(new URL(upstream.url).host)
  })

  test('method, path, query and body as they came', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const seen = await seenOf(ada, `/gk/calendar/events/${method}?x=a%2Fb`, { method, body: 'the body ✓', headers: { 'content-type': 'text/plain', 'x-trace-me': 'yes', 'x-other': 'no' } })
      expect(seen).toMatchObject({ method, url: `/events/${method}?x=a%2Fb`, body: 'the body ✓' })
      expect(new Map(seen.headers).get('content-type')).toBe('text/plain')
      expect(new Map(seen.headers).get('x-trace-me')).toBe('yes')
      expect(new Map(seen.headers).has('x-other')).toBe(false)
    }
  })

  test('a status of its own is the answer, and a redirect within it stays within', async () => {
    expect((await call(ada, '/gk/calendar/missing')).status).toBe(404)
    const answer = await call(ada, '/gk/calendar/elsewhere')
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${server.issuer}/gk/calendar/next?a=1`])
  })
})

describe('who does not come in', () => {
  const challenge = async (token: string | undefined, path?: string): Promise<readonly [number, string]> => {
    const answer = await call(token, path)
    expect(upstream.seen()).toEqual([])
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    return [answer.status, answer.headers.get('www-authenticate') ?? '']
  }

  test('nobody: told how to come in, and where to read it', async () => {
    const [status, header] = await challenge(undefined)
    expect(status).toBe(401)
    const metadata = `resource_metadata="${server.issuer}/.well-known/oauth-protected-resource/gk/calendar"`
    expect(header).toContain(`Bearer ${metadata}`)
    expect(header).toMatch(/DPoP algs="[^"]+", resource_metadata=/)
    expect(header).not.toContain('error')
  })

  test('a token that is none, that was revoked, or that is for another API', async () => {
    expect(await challenge('nothing')).toEqual([401, expect.stringContaining('error="invalid_token"')])
    const gone = await systemToken(server.issuer)
    await post(server.issuer, '/oauth/revocation', { token: gone }, { authorization: basic('robot') })
    expect(await challenge(gone)).toEqual([401, expect.stringContaining('error="invalid_token"')])
    const grades = await userToken(server.issuer, { scope: 'openid gk_calendar', resource: 'https://grades.example.org' })
    expect(await challenge(grades)).toEqual([401, expect.stringContaining('error="invalid_token"')])
  })

  test('a token without the scope of the API, or with another API\'s', async () => {
    const profile = await userToken(server.issuer, { scope: 'openid profile' })
    expect(await challenge(profile)).toEqual([403, expect.stringMatching(/error="insufficient_scope".*scope="gk_calendar"/)])
    expect(await challenge(ada, '/gk/library/books')).toEqual([403, expect.stringMatching(/error="insufficient_scope".*scope="gk_library"/)])
  })

  test('anybody to an API that does not exist, or has nothing behind it', async () => {
    expect((await call(ada, '/gk/nothing/x')).status).toBe(404)
    expect((await call(ada, '/gk/grades/x')).status).toBe(404)
  })

  test('a person whose session has ended', async () => {
    const { code, pkce } = await obtainCode(server.issuer, newBrowser(server.issuer), { scope: 'openid gk_calendar' })
    const { body } = await redeem(server.issuer, { code, pkce })
    await post(server.issuer, '/oauth/revocation', { token: String(body['refresh_token'] ?? body['access_token']) }, { authorization: basic('planner') })
    expect(await challenge(String(body['access_token']))).toEqual([401, expect.stringContaining('invalid_token')])
  })
})

test('what the gatekeeper itself took is counted for each call that went on, and for no other', async () => {
  const counted = async (): Promise<string | undefined> => /^portner_gatekeeper_added_seconds_count (\d+)$/m.exec(await server.ctx.metrics.registry.metrics())?.[1]
  const before = Number((await counted()) ?? 0)
  await seenOf(ada)
  expect((await call('ptr_at_none')).status).toBe(401)
  expect(Number(await counted())).toBe(before + 1)
})
