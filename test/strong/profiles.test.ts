import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommandLine } from '../../src/cli/run.ts'
import { type RuleName, ruleNames } from '../../src/clients/profiles.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { authorizationUrl, basic, newPkce, type Parameters, post } from '../support/relying-party.ts'
import { ASSERTION_TYPE, assertionOf, type KeyedClient, type KeyedClientOptions, registerKeyedClient, signed } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// The table of profiles, rule by rule: what `fapi2` refuses, what the looser ones let through, and what a looser one that is tried against
// `fapi2` (report_only) lets through and counts.

const CIBA = 'urn:openid:params:grant-type:ciba'
const HOW = ['strict', 'loose', 'tried'] as const
type How = (typeof HOW)[number]
const PROFILE: Readonly<Record<How, string>> = { strict: 'profile: fapi2', loose: 'profile: legacy', tried: 'profile: legacy\nreport_only: fapi2' }

let server: TestServer
const clients = new Map<string, KeyedClient>()

beforeAll(async () => {
  server = await startTestServer()
  for (const how of HOW) {
    for (const kind of ['plain', 'rs256', 'ciba', 'implicit'] as const) {
      if (how === 'strict' && kind === 'implicit') continue
      const more: Readonly<Record<typeof kind, string>> = { plain: '', rs256: '', ciba: '', implicit: 'compatibility: [implicit]\nresponse_types: [code, code id_token]' }
      const grantTypes = kind === 'ciba' ? [CIBA, 'authorization_code'] : kind === 'implicit' ? ['authorization_code', 'implicit'] : undefined
      const options: KeyedClientOptions = { alg: kind === 'rs256' ? 'RS256' : 'PS256', more: `${PROFILE[how]}\n${more[kind]}`, ...(grantTypes && { grantTypes }) }
      clients.set(`${how} ${kind}`, await registerKeyedClient(server, `${how}-${kind}`, options))
    }
  }
})
afterAll(() => server.close())

interface Outcome {
  readonly status: number
  readonly error: unknown
}

function clientOf(how: How, kind = 'plain'): KeyedClient {
  const client = clients.get(`${how} ${kind}`)
  if (client === undefined) throw new Error(`no client ${how} ${kind}`)
  return client
}

async function send(client: KeyedClient, path: string, parameters: Parameters, header: Readonly<Record<string, unknown>> = {}): Promise<Outcome> {
  const answer = await post(server.issuer, path, { client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, client, {}, header), ...parameters })
  return { status: answer.status, error: answer.body['error'] }
}

function push(client: KeyedClient, changes: Parameters): Promise<Outcome> {
  return send(client, '/oauth/par', { client_id: client.clientId, response_type: 'code', redirect_uri: client.redirectUri, scope: 'profile', code_challenge: newPkce().challenge, code_challenge_method: 'S256', nonce: 'n', ...changes })
}

interface Story {
  readonly rule: RuleName
  readonly kind?: string
  /** Does what the rule forbids. */
  readonly breaks: (client: KeyedClient) => Promise<Outcome>
  readonly error: string
}

const stories: readonly Story[] = [
  { rule: 'pkce', breaks: (client) => push(client, { code_challenge: undefined, code_challenge_method: undefined }), error: 'invalid_request' },
  { rule: 'redirect_uri', breaks: (client) => push(client, { redirect_uri: undefined }), error: 'invalid_request' },
  { rule: 'response_mode', breaks: (client) => push(client, { response_mode: 'fragment' }), error: 'invalid_request' },
  {
    rule: 'pushed_request',
    breaks: async ({ clientId, redirectUri }) => {
      const page = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: clientId, redirect_uri: redirectUri }))
      return { status: page.status, error: page.html.includes('invalid_request') ? 'invalid_request' : undefined }
    },
    error: 'invalid_request',
  },
  {
    rule: 'request_object_times',
    breaks: async (client) => push(client, { request: await signed({ iss: client.clientId, aud: server.issuer, client_id: client.clientId, response_type: 'code', redirect_uri: client.redirectUri, scope: 'profile', code_challenge: newPkce().challenge, code_challenge_method: 'S256' }, { alg: 'PS256' }, client.keys.privateKey) }),
    error: 'invalid_request_object',
  },
  { rule: 'signed_backchannel_request', kind: 'ciba', breaks: (client) => send(client, '/oauth/backchannel_authentication', { scope: 'openid', login_hint: 'ada@ntu.example' }), error: 'invalid_request' },
  { rule: 'signing_algorithm', kind: 'rs256', breaks: (client) => push(client, {}), error: 'invalid_client' },
  { rule: 'bound_tokens', breaks: (client) => send(client, '/oauth/token', { grant_type: 'client_credentials', scope: 'gk_calendar' }), error: 'invalid_request' },
]

/** The counts that an operator reads. */
async function counts(clientId: string): Promise<Record<string, number>> {
  let out = ''
  const io = { env: { DATABASE_URL: server.databaseUrl, PORTNER_ISSUER: server.issuer, PORTNER_DATA_DIR: server.ctx.config.dataDir }, stdin: Readable.from(['']), out: (text: string) => void (out += text), err: () => undefined, isTerminal: false }
  expect(await runCommandLine(['client', 'show', clientId, '--json'], io)).toBe(0)
  const shown = JSON.parse(out) as { readonly would_refuse: readonly { readonly profile: string; readonly rule: string; readonly count: number }[] }
  return Object.fromEntries(shown.would_refuse.map(({ profile, rule, count }) => [`${profile} ${rule}`, count]))
}

async function metric(rule: RuleName): Promise<number> {
  const { values } = await server.ctx.metrics.reportOnly.get()
  return values.find(({ labels }) => labels.rule === rule && labels.profile === 'fapi2')?.value ?? 0
}

test('every rule has a story here', () => {
  const told = [...stories.map(({ rule }) => rule), 'response_type', 'client_authentication']
  expect(told.toSorted()).toEqual([...ruleNames].toSorted())
})

describe.each(stories)('$rule', ({ rule, kind, breaks, error }) => {
  test('fapi2 refuses it', async () => {
    const outcome = await breaks(clientOf('strict', kind))
    expect([400, 401]).toContain(outcome.status)
    expect(outcome.error).toBe(error)
  })

  test('legacy lets it through and counts nothing', async () => {
    expect((await breaks(clientOf('loose', kind))).status).toBeLessThan(300)
    expect(await counts(clientOf('loose', kind).clientId)).toEqual({})
  })

  test('legacy that is tried against fapi2 lets it through and counts it under its name', async () => {
    const { clientId } = clientOf('tried', kind)
    const [before, seen] = [(await counts(clientId))[`fapi2 ${rule}`] ?? 0, await metric(rule)]
    expect((await breaks(clientOf('tried', kind))).status).toBeLessThan(300)
    await expect.poll(async () => (await counts(clientId))[`fapi2 ${rule}`]).toBe(before + 1)
    expect(await metric(rule)).toBe(seen + 1)
  })
})

test('oauth21 asks for PKCE and nothing else of these', async () => {
  const usual = await registerKeyedClient(server, 'usual', { alg: 'PS256' })
  expect(await push(usual, { code_challenge: undefined, code_challenge_method: undefined })).toEqual({ status: 400, error: 'invalid_request' })
  for (const changes of [{ redirect_uri: undefined }, { response_mode: 'fragment' }]) expect((await push(usual, changes)).status).toBe(201)
})

describe('what is refused when it is registered', () => {
  const fapi2 = (more: string): Promise<unknown> => registerKeyedClient(server, 'never', { more: `profile: fapi2\n${more}` })

  test.each([
    ['a switch', 'compatibility: [no_pkce]', 'no compatibility switch'],
    ['RS256 for what we sign', 'id_token_signed_response_alg: RS256', 'RS256 goes not with'],
    ['RS256 for what the client signs', 'request_object_signing_alg: RS256', 'RS256 goes not with'],
    ['a profile to try that is not stricter', 'report_only: oauth21', 'must be stricter'],
  ])('%s', async (_name, more, message) => {
    await expect(fapi2(more)).rejects.toThrow(message)
  })

  test('response_type: tokens through the browser', async () => {
    await expect(fapi2('response_types: [code, code id_token]')).rejects.toThrow('code id_token goes not with')
    expect(await push(clientOf('strict'), { response_type: 'code id_token' })).toEqual({ status: 400, error: 'unauthorized_client' })
    const tried = clientOf('tried', 'implicit')
    expect((await push(tried, { response_type: 'code id_token', scope: 'openid' })).status).toBe(201)
    await expect.poll(() => counts(tried.clientId)).toMatchObject({ 'fapi2 response_type': 1 })
  })

  test('client_authentication: a shared secret', async () => {
    const document = (profile: string): string => `
kind: client
client_id: shared
client_secret: { value: ${SECRET} }
client_name: Shared
grant_types: [client_credentials]
scope: gk_calendar
${profile}`
    await expect(server.apply(document('profile: fapi2'))).rejects.toThrow('client_secret_basic goes not with')
    await server.apply(document('report_only: fapi2'))
    expect((await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('shared') })).status).toBe(200)
    await expect.poll(() => counts('shared')).toEqual({ 'fapi2 bound_tokens': 1, 'fapi2 client_authentication': 1 })
  })

  test('and a hundred at once are a hundred', async () => {
    const before = (await counts('shared'))['fapi2 bound_tokens'] ?? 0
    await Promise.all(Array.from({ length: 100 }, () => post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('shared') })))
    await expect.poll(async () => (await counts('shared'))['fapi2 bound_tokens']).toBe(before + 100)
  })
})
