import { bearer, send } from '../exchange.ts'
import { endpointOf } from '../metadata.ts'
import { codeRequest, tokensOf } from '../steps/token.ts'
import { fetchCode } from './errand.ts'
import type { Lesson } from './lesson.ts'

const id = 'code-twice'

export const codeTwice: Lesson = {
  id,
  title: 'A code used twice',
  about: 'Fetches a code of its own, redeems it, redeems it once more, and then asks with the first access token.',
  label: 'Use a code twice',
  titles: ['The first time', 'The second time', 'With the access token of the first time'],
  teaches: 'A code comes twice when somebody stole it. The server cannot know who of the two is the thief, so it refuses the second and revokes what the first one got: `invalid_grant`, and the access token is dead.',
  start: (walk) => fetchCode(walk, id),
  arrive: async (walk, code, { verifier }) => {
    const first = await send(codeRequest(walk, code, verifier))
    const second = await send(codeRequest(walk, code, verifier))
    return [first, second, await send(bearer(endpointOf(walk, 'userinfo_endpoint'), tokensOf(first)?.access ?? ''))]
  },
}
