import { afterAll, beforeAll, expect, test } from 'vitest'
import { listUnused } from '../../src/clients/uses.ts'
import { readClient } from '../../src/clients/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page } from '../support/browser.ts'
import { authorizationUrl, basic, newPkce, obtainCode, post } from '../support/relying-party.ts'
import { CALLBACK } from '../support/world.ts'
import { atDesk, giveRole, register } from './developer.ts'

// What an application has and nobody uses, with since when (pages.md P-12).

let server: TestServer
let ada: Browser
beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'admin')
  ada = await atDesk(server)
})
afterAll(() => server.close())

const DAY = 86_400
const day = (): string => new Date(server.ctx.clock.now()).toISOString().slice(0, 10)

async function unused(clientId: string): Promise<readonly string[]> {
  const client = await readClient(server.ctx.db, clientId)
  return (await listUnused(server.ctx.db, client?.key ?? '')).map(({ value, since, everUsed }) => `${value} ${since.toISOString().slice(0, 10)}${everUsed ? ' again' : ''}`)
}

/** Until it was written, off the request's way. */
async function eventually(clientId: string, expected: readonly string[]): Promise<void> {
  await expect.poll(() => unused(clientId), { timeout: 5000 }).toEqual(expected)
}

function told({ html }: Page): readonly string[] {
  return [...html.matchAll(/data-unused="([^"]*)"/g)].map(([, value = '']) => value)
}

test('an address that nobody returned to and a scope that nobody granted are told a day later, with since when', async () => {
  const { clientId } = await register(ada, { name: 'Just Made' })
  const made = day()
  expect(await unused(clientId)).toEqual([])
  await server.advance(2 * DAY)
  const mine = await atDesk(server)
  const page = await mine.open(`/dashboard/clients/${clientId}`)
  expect(told(page)).toEqual(['https://mine.example.org/callback', 'email', 'profile'])
  expect(await unused(clientId)).toContain(`https://mine.example.org/callback ${made}`)
  expect(page.html).toContain('Nobody has come back to')
})

test('what is used is not told: the address that the answer went to, whatever its port, and what was granted', async () => {
  const before = await unused('planner')
  expect(before.map((one) => one.split(' ')[0])).toEqual(expect.arrayContaining([CALLBACK, 'http://127.0.0.1/callback', 'gk_calendar', 'email']))
  await obtainCode(server.issuer, newBrowser(server.issuer), { scope: 'openid email', redirect_uri: 'http://127.0.0.1:9999/callback' })
  await eventually('planner', before.filter((one) => !/^(http:\/\/127\.0\.0\.1\/callback|openid|email) /.test(one)))
})

test('a request that was refused is no use', async () => {
  const before = await unused('planner')
  await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { redirect_uri: `${CALLBACK}/other` }))
  await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { prompt: 'none' }))
  expect(await unused('planner')).toEqual(before)
})

test('a machine uses a scope with a token of its own', async () => {
  const before = await unused('robot')
  expect((await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'gk_calendar' }, { authorization: basic('robot') })).status).toBe(200)
  await eventually('robot', before.filter((one) => !one.startsWith('gk_calendar ')))
})

test('after three months without anybody, an address is told again; one that was taken away and added anew begins anew', async () => {
  await server.advance(91 * DAY)
  expect((await unused('planner')).find((one) => one.startsWith('http://127.0.0.1/callback '))).toMatch(/ again$/)
  const { clientId } = await register(await atDesk(server), { name: 'Changing' })
  await server.advance(2 * DAY)
  const mine = await atDesk(server)
  const path = `/dashboard/clients/${clientId}/addresses`
  await mine.submit(await mine.open(path), 'a0', { a0: 'https://other.example.org/callback', act: 'save' })
  expect((await unused(clientId)).filter((one) => one.startsWith('https'))).toEqual([])
  await mine.submit(await mine.open(path), 'a0', { a0: 'https://mine.example.org/callback', act: 'save' })
  expect((await unused(clientId)).filter((one) => one.startsWith('https'))).toEqual([])
})
