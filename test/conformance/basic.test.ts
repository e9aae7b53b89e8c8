import { afterAll, beforeAll, describe, test } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { modulesAbout, modulesOf } from './modules.ts'
import { declareParty, type Party, startProvider } from './party.ts'
import { storyOf } from './stories.ts'

// The basic plan: response type code. Where the client's secret stands makes a difference at the token endpoint only.

let server: TestServer
beforeAll(async () => {
  server = await startProvider()
})
afterAll(() => server.close())

describe.each([
  ['client_secret_basic', modulesOf.code],
  ['client_secret_post', modulesAbout('code', 'server codereuse refresh-token ensure-request-with-valid-pkce-succeeds')],
] as const)('%s', (method, modules) => {
  let party: Party
  beforeAll(async () => {
    party = await declareParty(server, method.replaceAll('_', '-'), { responseType: 'code', method })
  })

  test.each(modules)('%s', (module) => storyOf(module)(party))
})
