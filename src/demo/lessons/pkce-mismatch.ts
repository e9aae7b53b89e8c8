import { send } from '../exchange.ts'
import { codeRequest } from '../steps/token.ts'
import { drawSecrets } from '../walk.ts'
import { fetchCode } from './errand.ts'
import type { Lesson } from './lesson.ts'

const id = 'pkce-mismatch'

export const pkceMismatch: Lesson = {
  id,
  title: 'A wrong code verifier',
  about: 'Fetches a code of its own and tries to redeem it with another verifier, as somebody would who saw the code go by.',
  label: 'Send a wrong verifier',
  titles: ['Token request'],
  teaches: 'The code alone is worth nothing, even together with the secret: the hash of the verifier is not the challenge that the code was asked with. `invalid_grant`. In your own application this usually means that two sign-ins of one browser overwrote each other: keep one verifier for each `state`.',
  start: (walk) => fetchCode(walk, id),
  arrive: async (walk, code) => [await send(codeRequest(walk, code, drawSecrets().verifier))],
}
