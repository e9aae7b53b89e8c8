import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { untilSomebodyWaits } from '../support/locks.ts'
import { basic, obtainCode, post, redeem } from '../support/relying-party.ts'
import { type Talk, talk } from '../support/talk.ts'
import { startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { SECRET } from '../support/world.ts'
import { gatekeptApis, onlooker, systemToken } from './world.ts'

// How long a call through the gatekeeper may go on: as long as what let it in holds, and as long as something moves.

const LIBRARY = (upstream: string, disabled: boolean): string => `kind: api\napi_id: shelf\nname: Shelf\nupstream: ${upstream}\nupstream_timeout: 1\ndisabled: ${disabled}\n`

let upstream: UpstreamApi
let server: TestServer
let port: number
beforeAll(async () => {
  upstream = await startUpstreamApi()
  server = await startTestServer()
  await server.apply(`${gatekeptApis(upstream.url)}---
${LIBRARY(upstream.url, false)}${onlooker}---
kind: client
client_id: robot
client_secret: { value: ${SECRET} }
client_name: Robot
application_type: service
scope: gk_calendar gk_shelf
`)
  port = Number(new URL(server.issuer).port)
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})

const revoke = (token: string): ReturnType<typeof post> => post(server.issuer, '/oauth/revocation', { token }, { authorization: basic('robot') })

/** How many calls were ended with what had let them in. */
const ended = (): number => server.logged().split('"gatekeeper.ended"').length - 1

/** Events of an API, until they end. */
async function follow(token: string, path = '/gk/calendar/stream'): Promise<{ readonly ended: Promise<unknown> }> {
  const answer = await fetch(server.issuer + path, { headers: { authorization: `Bearer ${token}` } })
  const reader = answer.body?.getReader()
  await reader?.read()
  return { ended: expect(reader?.read()).rejects.toThrow() }
}

async function socketOf(token: string, path = '/gk/calendar/socket'): Promise<{ readonly closed: Promise<unknown>; readonly echo: (text: string) => Promise<string> }> {
  const socket = new WebSocket(`${server.issuer.replace('http', 'ws')}${path}`, { headers: { authorization: `Bearer ${token}` } })
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('open', resolve))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const echo = (text: string): Promise<string> =>
    new Promise((resolve) => {
      socket.once('message', (data: Buffer) => resolve(data.toString()))
      void closed.then(() => resolve('closed'))
      socket.send(text)
    })
  return { closed, echo }
}

describe('what is open', () => {
  test('ends with its token, and nobody else\'s does; a consent for one use is good for all of that use', async () => {
    const { body } = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { client_id: 'onlooker', scope: 'openid look.once gk_calendar' }), {}, { authorization: basic('onlooker') })
    const [once, other] = [await socketOf(String(body['access_token'])), await socketOf(await systemToken(server.issuer, 'gk_calendar'))]
    const token = await systemToken(server.issuer, 'gk_calendar')
    const [events, socket] = [await follow(token), await socketOf(token)]
    await revoke(token)
    await Promise.all([events.ended, socket.closed])
    const next = await systemToken(server.issuer, 'gk_calendar')
    const more = await follow(next)
    await revoke(next)
    await more.ended
    expect([await other.echo('still here'), await once.echo('so am I')]).toEqual(['still here', 'so am I'])
  })

  test('ends when its API is switched off', async () => {
    const token = await systemToken(server.issuer, 'gk_shelf')
    const [events, socket] = [await follow(token, '/gk/shelf/stream'), await socketOf(token, '/gk/shelf/socket')]
    await server.apply(LIBRARY(upstream.url, true))
    await Promise.all([events.ended, socket.closed])
    await server.apply(LIBRARY(upstream.url, false))
  })
})

describe('a caller that has gone before it is known whether it may come in', () => {
  test('is not asked for at the API, and not looked after for ever', async () => {
    const token = await systemToken(server.issuer, 'gk_calendar')
    upstream.seen()
    const before = ended()
    await server.ctx.db.transaction().execute(async (trx) => {
      await sql`lock table access_tokens in access exclusive mode`.execute(trx)
      const line = await talk(port, `GET /gk/calendar/x HTTP/1.1\r\nhost: localhost:${port}\r\nauthorization: Bearer ${token}\r\n\r\n`)
      await untilSomebodyWaits(server.ctx.db)
      line.end()
      // What comes after it has been answered.
      await fetch(`${server.issuer}/.well-known/openid-configuration`)
    })
    const events = await follow(token)
    await revoke(token)
    await events.ended
    expect([upstream.seen(), ended() - before]).toEqual([[], 1])
  })
})

describe('requests that come on one connection before the first is answered', () => {
  const get = (path: string, token: string): string => `GET /gk/calendar/${path} HTTP/1.1\r\nhost: localhost:${port}\r\nauthorization: Bearer ${token}\r\n\r\n`

  test('wait for their turn, and end with the connection', async () => {
    const token = await systemToken(server.issuer, 'gk_calendar')
    const both = await talk(port, get('first', token) + get('second', token))
    expect(await both.next('"/second"')).toMatch(/"\/first"[\s\S]*"\/second"/)
    both.end()
    upstream.seen()
    const before = ended()
    const line = await talk(port, get('stream', token) + get('behind', token).repeat(20))
    await line.next('data: one')
    await fetch(`${server.issuer}/gk/calendar/beside`, { headers: { authorization: `Bearer ${token}` } })
    expect(upstream.seen().map(({ url }) => url)).toEqual(['/beside'])
    line.end()
    await expect.poll(upstream.underWay).toBe(0)
    const events = await follow(token)
    await revoke(token)
    await events.ended
    expect([upstream.seen(), ended() - before]).toEqual([[], 1])
  })
})

describe('a body that comes slowly', () => {
  test('is waited for where its sender was let in, for as long as it comes; everywhere else it is cut off', async () => {
    const token = await systemToken(server.issuer, 'gk_calendar gk_shelf')
    await expect.poll(async () => (await fetch(`${server.issuer}/gk/shelf/x`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
    const head = (path: string, more: string, bearer = token): string => `POST ${path} HTTP/1.1\r\nhost: localhost:${port}\r\nauthorization: Bearer ${bearer}\r\n${more}\r\n`
    const form = head('/oauth/token', 'content-type: application/x-www-form-urlencoded\r\ncontent-length: 40\r\n')
    server.limitRequests(1000)
    const open: Talk[] = []
    const begin = async (bytes: string): Promise<Talk> => {
      const line = await talk(port, bytes)
      open.push(line)
      return line
    }
    try {
      const upload = await begin(head('/gk/calendar/mirror', 'transfer-encoding: chunked\r\n'))
      // This one's API has a second to answer, and has not got the whole question yet. Its connection was used before.
      expect(await (await fetch(`${server.issuer}/gk/shelf/brief`, { headers: { authorization: `Bearer ${token}` } })).text()).toBe('brief')
      const late = await begin(head('/gk/shelf/x', 'content-length: 8\r\n'))
      late.send('half')
      upload.send('3\r\none\r\n')
      await upload.next('one')
      const slow = await begin(`${form}grant_type=`)
      expect(await slow.next('408')).toContain('408 Request Timeout')
      upload.send('3\r\ntwo\r\n')
      expect(await upload.next('two')).toContain('two')
      late.send('half')
      expect(await late.next('halfhalf')).toContain('"body":"halfhalf"')
      upload.send('0\r\n\r\n')
      await upload.next('\r\n0\r\n')
      // The next one on the same connection is anybody's again.
      upload.send(`${form}grant_type=`)
      expect(await upload.next('408')).toContain('408 Request Timeout')
    } finally {
      for (const one of open) one.end()
      server.limitRequests(20_000)
    }
  })
})
