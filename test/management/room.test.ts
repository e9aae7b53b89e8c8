import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStage, personalToken, type Program, type Stage } from './stage.ts'

// What strangers may fill and reach: an end to what one makes in a day, long names, and what an operator has switched off.

let stage: Stage
let manager: Program
let lin: Program

beforeAll(async () => {
  stage = await openStage()
  ;[manager, lin] = [await stage.program('manager'), stage.as(await personalToken(stage, 'lin'))]
})
afterAll(() => stage.close())

test('a developer makes fifty applications in a day, by whatever way, and no more; an operator as many as there are', async () => {
  const app = (n: number, of: string) => ({ client_id: `${of}-${n}`, client_name: `Of ${of}, ${n}`, redirect_uris: ['https://app.example.org/cb'], organization: 'ntu' })
  const all = await Promise.all(Array.from({ length: 60 }, (_, n) => lin.call('POST', '/api/clients', { body: app(n, 'lin') })))
  expect([all.filter(({ status }) => status === 201).length, all.filter(({ status }) => status === 429).length]).toEqual([50, 10])
  expect(Number(all.find(({ status }) => status === 429)?.headers.get('retry-after'))).toBeGreaterThan(3600)
  expect((await lin.call('POST', '/api/apis', { body: { api_id: 'own-api', name: 'Another kind', organization: 'ntu' } })).status).toBe(201)
  expect((await manager.call('POST', '/api/clients', { body: app(0, 'operator') })).status).toBe(201)
  await stage.server.advance(86_401)
  const later = stage.as(await personalToken(stage, 'lin'))
  expect((await later.call('POST', '/api/clients', { body: app(61, 'lin') })).status).toBe(201)
})

test('an issuer with the longest name there may be is reached by its name', async () => {
  const issuer = `https://sts.ntu.example/${'a/'.repeat(236)}`.slice(0, 500)
  const made = await (await stage.program('manager')).call('POST', '/api/trusted-issuers', { body: { issuer, accepts: ['software_statements'], jwks_uri: 'https://sts.ntu.example/jwks' } })
  expect(made.status).toBe(201)
  const fresh = await stage.program('manager')
  expect((await fresh.call('GET', made.headers.get('location') ?? '')).body).toMatchObject({ issuer })
  expect((await fresh.call('GET', `/api/trusted-issuers/${'x'.repeat(501)}`)).status).toBe(414)
})

test('an API that an operator switched off stays off until an operator says otherwise; one that its owner switched off does not', async () => {
  await stage.server.apply('kind: api\napi_id: loans\nname: Loans\norganization: ntu\ndisabled: true\n')
  const [ntu, operator] = [await stage.program('ntu-manager'), await stage.program('manager')]
  const say = async (program: Program, disabled: boolean | null) => program.call('PATCH', '/api/apis/loans', { body: { disabled }, headers: { 'if-match': (await program.call('GET', '/api/apis/loans')).headers.get('etag') ?? '' } })
  for (const on of [false, null]) expect([(await say(ntu, on)).status, (await say(ntu, on)).body]).toMatchObject([400, { faults: [{ path: 'disabled', message: 'disabled: this is for an operator to say' }] }])
  expect((await say(operator, null)).status).toBe(200)
  for (const said of [true, null] as const) expect([said, (await say(ntu, said)).status]).toEqual([said, 200])
  await say(operator, true)
  expect((await say(ntu, null)).status).toBe(400)
})

test('a token that somebody sends as a name is in no log and no record', async () => {
  const { server } = stage
  const { token } = await stage.program('ntu-manager')
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: token, client_secret: token })
  expect((await fetch(`${server.issuer}/oauth/token`, { method: 'POST', body })).status).toBe(401)
  await server.ctx.audit.flush()
  const { text } = await (await stage.program('manager')).call('GET', '/api/audit?event=client.authentication_failed')
  expect([text.includes('ptr_at_…'), text.includes(token), server.logged().includes(token)]).toEqual([true, false, false])
})
