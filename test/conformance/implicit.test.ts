import { afterAll, beforeAll, describe, test } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { modulesOf } from './modules.ts'
import { declareParty, type Party, startProvider } from './party.ts'
import { storyOf } from './stories.ts'

// The implicit plan, for clients that an operator switched it on for.

let server: TestServer
beforeAll(async () => {
  server = await startProvider()
})
afterAll(() => server.close())

describe.each(['id_token', 'id_token token'] as const)('%s', (responseType) => {
  let party: Party
  beforeAll(async () => {
    party = await declareParty(server, responseType.replaceAll(' ', '-'), { responseType })
  })

  test.each(modulesOf[responseType])('%s', (module) => storyOf(module)(party))
})
