import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { deliverConsentEventsJob } from '../../src/jobs/deliver-consent-events.ts'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { get } from '../support/relying-party.ts'
import { DEBT, itself } from './stage.ts'

// A client hears what happened to its consents: signed, in order, again when it was not there. It verifies with the code that the
// documentation gives it.

type Verify = (headers: IncomingHttpHeaders, body: string, secret: string, now?: number) => boolean

interface Heard {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let server: TestServer
let receiver: Receiver
let heard: Heard[] = []
let answers: number[] = []
/** How long the receiver takes for each. Seconds. */
let takes = 0
let verify: Verify
const port = await freePort()
const HOOK = `http://127.0.0.1:${port}/hook`

beforeAll(async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/consents.md'), 'utf8')
  const code = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
  verify = ((await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { verify: Verify }).verify
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1', PORTNER_REGISTRATION: 'open' } })
  await server.apply(DEBT.replace('client_id: bank', `client_id: bank\nconsent_webhook_uri: ${HOOK}`))
  receiver = await startReceiver(port, async ({ headers, body }) => {
    heard.push({ headers, body })
    await server.advance(takes)
    return { status: answers.shift() ?? 204 }
  })
})
afterAll(async () => {
  receiver.close()
  await server.close()
})
beforeEach(() => {
  heard = []
  answers = []
  takes = 0
})

const deliver = (): Promise<number> => deliverConsentEventsJob.run(server.ctx, () => false)
const now = (): number => server.ctx.clock.now() / 1000
const sequences = (): readonly unknown[] => heard.map(({ body }) => (JSON.parse(body) as { data: { sequence: number } }).data.sequence)

async function create(clientId: string): Promise<string> {
  const machine = await itself(server, clientId, 'consent.create')
  const response = await fetch(`${server.issuer}/api/consents`, { method: 'POST', headers: { ...machine, 'content-type': 'application/json' }, body: JSON.stringify({ person: 'ada', scope: 'debt.presentation.30', external_id: crypto.randomUUID() }) })
  return ((await response.json()) as { consent_id: string }).consent_id
}

async function secretOf(clientId: string): Promise<string> {
  return String((await get(server.issuer, '/api/consents/webhook', await itself(server, clientId, 'consent.events'))).body['secret'])
}

test('the code of the documentation takes the message that the specification has as its example', () => {
  const message = { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' }
  expect(verify(message, '{"test": 2432232314}', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 1_614_265_330)).toBe(true)
})

describe('a message', () => {
  test('says what the feed says, and is signed for its client', async () => {
    const id = await create('bank')
    expect(await deliver()).toBe(1)
    const [{ headers, body } = { headers: {}, body: '' }] = heard
    const { type, timestamp, data } = JSON.parse(body) as { type: string; timestamp: string; data: Record<string, unknown> }
    const { events } = (await get(server.issuer, '/api/consents/feed', await itself(server, 'bank', 'consent.events'))).body as { events: Record<string, unknown>[] }
    expect({ type, timestamp, ...data }).toEqual(events.at(-1))
    expect(data['consent_id']).toBe(id)
    expect(headers['webhook-id']).toBe(data['event_id'])
    const secret = await secretOf('bank')
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(verify(headers, body, secret, now())).toBe(true)
    expect(verify(headers, body.replace('created', 'expired'), secret, now())).toBe(false)
    expect(verify({ ...headers, 'webhook-id': crypto.randomUUID() }, body, secret, now())).toBe(false)
    expect(verify(headers, body, secret, now() + 301)).toBe(false)
    expect(verify(headers, body, `whsec_${Buffer.alloc(32).toString('base64')}`, now())).toBe(false)
  })

  test('goes to clients that want it only, once it was taken', async () => {
    await create('other-bank')
    expect(await deliver()).toBe(0)
    expect(heard).toEqual([])
    expect((await get(server.issuer, '/api/consents/webhook', await itself(server, 'other-bank', 'consent.events'))).status).toBe(404)
    expect((await get(server.issuer, '/api/consents/webhook', await itself(server, 'bank', 'consent.create'))).status).toBe(403)
  })
})

describe('what is not taken', () => {
  test('comes again later, and what follows waits for it', async () => {
    for (let i = 0; i < 3; i++) await create('bank')
    answers = [204, 500]
    expect(await deliver()).toBe(1)
    expect(await deliver()).toBe(0)
    expect(heard).toHaveLength(2)
    await server.advance(11)
    expect(await deliver()).toBe(2)
    const [first, second] = sequences() as readonly number[]
    expect(sequences()).toEqual([first, second, second, Number(second) + 1])
    expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(3)
  })

  test('is passed over after a day, and what follows comes', async () => {
    await create('bank')
    answers = Array.from({ length: 40 }, () => 500)
    for (let i = 0; i < 30; i++) {
      await deliver()
      await server.advance(3601)
    }
    answers = []
    heard = []
    await create('bank')
    expect(await deliver()).toBe(1)
    expect(heard).toHaveLength(1)
  })

  test('because the receiver takes its time is sent in another turn: other clients wait for none of it', async () => {
    for (let i = 0; i < 3; i++) await create('bank')
    takes = 11
    expect(await deliver()).toBe(1)
    takes = 0
    await server.advance(11)
    expect(await deliver()).toBe(2)
    expect(new Set(sequences()).size).toBe(3)
  })

  test('is sent by one of many processes', async () => {
    for (let i = 0; i < 5; i++) await create('bank')
    const counts = await Promise.all(Array.from({ length: 10 }, deliver))
    expect(counts.reduce((total, count) => total + count, 0)).toBe(5)
    expect(heard).toHaveLength(5)
  })
})

test.each(['consent.create', 'consent.events', 'consent.use'])('nobody gives itself the scope %s, nor a webhook', async (scope) => {
  const register = async (changes: object) => fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: ['https://new.example.org/callback'], ...changes }) })
  const refused = await register({ scope: `openid ${scope}` })
  expect([refused.status, ((await refused.json()) as { error: string }).error]).toEqual([400, 'invalid_client_metadata'])
  const made = await register({ scope: 'openid', consent_webhook_uri: HOOK })
  expect(made.status).toBe(201)
  expect(await made.json()).not.toHaveProperty('consent_webhook_uri')
})
