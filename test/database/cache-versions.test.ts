import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findClient, setClientStatus } from '../../src/clients/store.ts'
import { STALENESS_MS } from '../../src/database/cache-versions.ts'
import { inTransaction } from '../../src/database/transaction.ts'
import { startTestServer, type TestServer } from '../support/app.ts'

// What a process has changed itself it sees at once, however long that took.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const status = async (): Promise<string | undefined> => (await findClient(server.ctx, 'planner'))?.status

test('a change that is committed late is seen as soon as it is, also by who has looked a moment before', async () => {
  expect(await status()).not.toBe('disabled')
  await inTransaction(server.ctx.db, async (trx) => {
    await setClientStatus(trx, 'planner', 'disabled')
    await sleep(STALENESS_MS + 50)
    expect(await status()).not.toBe('disabled')
  })
  expect(await status()).toBe('disabled')
})
