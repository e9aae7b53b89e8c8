import { send } from '../exchange.ts'
import { codeRequest } from '../steps/token.ts'
import type { Walk } from '../walk.ts'
import { fetchCode } from './errand.ts'
import { type Lesson, withExchanges } from './lesson.ts'

const id = 'code-expired'
/** As long as a code lives, and a little. */
const LATE_MS = 62_000

function timeOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(11, 19)} UTC`
}

function aboutNow({ kept }: Walk): string | undefined {
  return kept && `The code has come and is kept. It is too late for it from ${timeOf(kept.lateFrom)} on: press again then. Sooner, the button only waits with you.`
}

export const codeExpired: Lesson = {
  id,
  title: 'A code that waited too long',
  about: 'The first press fetches a code of its own and keeps it. Wait for more than a minute, and press again: then it is redeemed.',
  label: 'Fetch a code, then redeem it late',
  titles: ['Token request'],
  teaches: 'A code lives 60 seconds: `invalid_grant`. Redeem it at once when it arrives; who waits for a person, or for another server, in between comes too late. Press again to fetch another one.',
  aboutNow,
  start: async (walk, ctx) => {
    const { kept, ...rest } = walk
    if (kept === undefined) return fetchCode(walk, id)
    // A code that is still good would end the lesson with a success.
    if (ctx.clock.now() < kept.lateFrom) return { walk: { ...walk, last: id } }
    return { walk: withExchanges(rest, id, [await send(codeRequest(rest, kept.code, kept.verifier))]) }
  },
  keep: (walk, code, { verifier }, ctx) => ({ ...walk, kept: { code, verifier, lateFrom: ctx.clock.now() + LATE_MS }, last: id }),
}
