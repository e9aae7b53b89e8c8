import { demoService } from '../demo-clients.ts'
import { basicPost, bearer, send, textOf } from '../exchange.ts'
import { endpointOf } from '../metadata.ts'
import { type Lesson, withExchanges } from './lesson.ts'

const id = 'wrong-audience'
const CALENDAR = 'https://calendar.example.org'

export const wrongAudience: Lesson = {
  id,
  title: 'A token for somebody else',
  about: 'Gets a token for the calendar and shows it to userinfo.',
  label: 'Show a token to the wrong resource',
  titles: ['Token request for the calendar', 'Userinfo with that token'],
  teaches: 'A token with an audience is good there and nowhere else: `invalid_token`. Were it otherwise, each API could go to all others with the tokens that it is shown.',
  start: async (walk) => {
    const token = await send(basicPost(endpointOf(walk, 'token_endpoint'), demoService, { grant_type: 'client_credentials', scope: 'gk_calendar', resource: CALENDAR }))
    const userinfo = await send(bearer(endpointOf(walk, 'userinfo_endpoint'), textOf(token.answer, 'access_token') ?? ''))
    return { walk: withExchanges(walk, id, [token, userinfo]) }
  },
}
