import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import type { Browser } from '../support/browser.ts'
import { atWork, factOf, rowsOf } from './operator.ts'

// How much a place to sign in is used, as the operator sees it: numbers, and no person in them.

let server: TestServer
let ada: Browser
beforeAll(async () => {
  server = await startTestServer()
  ada = await atWork(server)
})
afterAll(() => server.close())

function signedIn(people: number): void {
  for (let i = 0; i < people; i++) server.ctx.statistics.event({ event: 'login', providerId: 'lunmal', userId: `00000000-0000-4000-8000-00000000000${i}` })
}

async function seen(): Promise<readonly [people: string | undefined, days: readonly (readonly string[])[]]> {
  await server.ctx.statistics.flush()
  const page = await ada.open('/admin/providers/lunmal')
  return [factOf(page, 'people-this-week'), rowsOf(page, 'use').map(([, ...numbers]) => numbers)]
}

test('nothing, then fewer than five, then how many, with what failed; a week later nothing again', async () => {
  expect(await seen()).toEqual(['0', []])
  signedIn(4)
  expect(await seen()).toEqual(['fewer than 5', [['fewer than 5', '0']]])
  signedIn(5)
  server.ctx.statistics.event({ event: 'login.failed', providerId: 'lunmal', reason: 'password' })
  expect(await seen()).toEqual(['5', [['9', '1']]])
  await server.advance(8 * 86_400)
  ada = await atWork(server)
  expect(await seen()).toEqual(['0', []])
})
