import { afterAll, beforeAll, describe, test } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { modulesOf } from './modules.ts'
import { type Party, registerParty, startProvider } from './party.ts'
import { storyOf } from './stories.ts'

// The hybrid plan, for clients that registered themselves.

let server: TestServer
beforeAll(async () => {
  server = await startProvider()
})
afterAll(() => server.close())

describe.each(['code id_token', 'code token', 'code id_token token'] as const)('%s', (responseType) => {
  let party: Party
  beforeAll(async () => {
    party = await registerParty({ server, responseType })
  })

  test.each(modulesOf[responseType])('%s', (module) => storyOf(module)(party))
})
