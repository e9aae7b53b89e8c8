import { send } from '../exchange.ts'
import { codeRequest } from '../steps/token.ts'
import { fetchCode } from './errand.ts'
import { type Lesson, withExchanges } from './lesson.ts'

const id = 'code-expired'

export const codeExpired: Lesson = {
  id,
  title: 'A code that waited too long',
  about: 'The first press fetches a code of its own and keeps it. Wait for more than a minute, and press again: then it is redeemed.',
  label: 'Fetch a code, then redeem it late',
  titles: ['Token request'],
  teaches: 'A code lives 60 seconds: `invalid_grant`. Redeem it at once when it arrives. Did you press sooner, the code was still good; press again to fetch another one.',
  start: async (walk) => {
    const { kept, ...rest } = walk
    if (kept === undefined) return fetchCode(walk, id)
    return { walk: withExchanges(rest, id, [await send(codeRequest(rest, kept.code, kept.verifier))]) }
  },
  keep: (walk, code, { verifier }) => ({ ...walk, kept: { code, verifier }, last: id }),
}
