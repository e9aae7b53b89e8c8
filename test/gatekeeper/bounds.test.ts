import { Agent, request, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeApi } from '../../src/apis/remove-api.ts'
import { inTransaction } from '../../src/database/transaction.ts'
import { MOST_LASTING } from '../../src/gatekeeper/lasting.ts'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { basic, post } from '../support/relying-party.ts'
import { startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { SECRET } from '../support/world.ts'
import { diagnosisOf, OPERATOR, pair } from '../diagnosis/stage.ts'
import { gatekeptApis, systemToken } from './world.ts'

// What the gatekeeper keeps for upstreams, and how much: streams leave room for others, and an upstream that is gone is forgotten.

let upstream: UpstreamApi
let server: TestServer
let token: string
let closed: string
const api = (id: string, url: string): string => `kind: api\napi_id: ${id}\nname: ${id}\nupstream: ${url}\n`
beforeAll(async () => {
  upstream = await startUpstreamApi()
  closed = `http://127.0.0.1:${await freePort()}`
  server = await startTestServer()
  await server.apply([gatekeptApis(upstream.url), ...['moving', 'leaving', 'resting'].map((id) => api(id, closed)), `kind: client\nclient_id: caller\nclient_secret: { value: ${SECRET} }\nclient_name: Caller\napplication_type: service\nscope: gk_moving gk_leaving gk_resting\n`].join('\n---\n'))
  const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('caller') })
  token = String(body['access_token'])
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})

const call = async (id: string): Promise<number> => (await fetch(`${server.issuer}/gk/${id}/x`, { headers: { authorization: `Bearer ${token}` } })).status

async function circuitsOpen(): Promise<number> {
  const { values } = await server.ctx.metrics.circuitsOpen.get()
  return values.find(({ labels }) => labels.protocol === 'gatekeeper')?.value ?? 0
}

/** Five silences: from here on nobody waits for it. */
async function fallSilent(id: string): Promise<void> {
  for (let i = 0; i < 5; i++) expect(await call(id)).toBe(502)
}

describe('the upstream of an API that does not answer', () => {
  test.each([
    ['gets another one', 'moving', () => server.apply(api('moving', upstream.url))],
    ['is removed', 'leaving', () => inTransaction(server.ctx.db, (trx) => removeApi(trx, 'leaving'))],
    ['is switched off', 'resting', () => server.apply(`${api('resting', closed)}disabled: true\n`)],
  ])('is counted no more when the API %s, also where nobody calls it', async (_what, id, change) => {
    await fallSilent(id)
    expect(await circuitsOpen()).toBe(1)
    await change()
    await expect.poll(circuitsOpen, { timeout: 8000, interval: 200 }).toBe(0)
  })

  test('and the new one answers', async () => {
    expect(await call('moving')).toBe(200)
  })
})

describe('streams', () => {
  const agent = new Agent({ maxSockets: 1000 })
  const open = (authorization: string, accept: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => request(`${server.issuer}/gk/calendar/${accept === '*/*' ? 'x' : 'stream'}`, { agent, headers: { authorization, accept } }).once('response', resolve).once('error', reject).end())

  test('of an API end where they would leave no connection for other calls: with a time to come back at, and a trace', async () => {
    const authorization = `Bearer ${await systemToken(server.issuer)}`
    // A hundred more than there may be, at once.
    const answers = await Promise.all(Array.from({ length: MOST_LASTING + 100 }, () => open(authorization, 'text/event-stream')))
    const [streams, refused] = [answers.filter(({ statusCode }) => statusCode === 200), answers.filter(({ statusCode }) => statusCode === 503)]
    expect([streams.length, refused.length]).toEqual([MOST_LASTING, 100])
    expect(refused[0]?.headers['retry-after']).toBe('5')
    await server.ctx.diagnosis.flush()
    const late = await open(authorization, 'text/event-stream')
    late.resume()
    const found = await diagnosisOf(server, String(late.headers['x-request-id']), OPERATOR)
    expect([found.cause, found.clientId, pair(found, 'api'), pair(found, 'open streams of the API')]).toEqual(['server.unavailable', 'robot', ['calendar', undefined], [String(MOST_LASTING), `< ${MOST_LASTING}`]])
    const other = await open(authorization, '*/*')
    other.resume()
    expect(other.statusCode).toBe(200)
    streams[0]?.destroy()
    await expect.poll(async () => {
      const again = await open(authorization, 'text/event-stream')
      const status = again.statusCode
      again.destroy()
      return status
    }).toBe(200)
    for (const answer of answers) answer.destroy()
    agent.destroy()
  })
})
