import { afterAll, beforeAll, describe, test } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { modulesAbout, modulesOf, type ResponseType } from './modules.ts'
import { declareParty, type Party, startProvider } from './party.ts'
import { storyOf } from './stories.ts'

// The form post plans: good answers and refusals come as a form that sends itself. All of the basic plan, and of the others the modules in
// which another kind of answer is given.

const ANSWERS = `server prompt-none-not-logged-in prompt-none-logged-in response-type-missing ensure-request-without-nonce-fails
  ensure-request-without-nonce-succeeds-for-code-flow unsigned-request-object-supported-correctly-or-rejected-as-unsupported`
const others = (Object.keys(modulesOf) as ResponseType[]).filter((type) => type !== 'code')

let server: TestServer
beforeAll(async () => {
  server = await startProvider()
})
afterAll(() => server.close())

describe.each([['code', modulesOf.code] as const, ...others.map((type) => [type, modulesAbout(type, ANSWERS)] as const)])('%s', (responseType, modules) => {
  let party: Party
  beforeAll(async () => {
    party = await declareParty(server, responseType.replaceAll(' ', '-'), { responseType, responseMode: 'form_post' })
  })

  test.each(modules)('%s', (module) => storyOf(module)(party))
})
