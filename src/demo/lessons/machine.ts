import { demoService } from '../demo-clients.ts'
import { basicPost, bearer, send, textOf } from '../exchange.ts'
import { endpointOf } from '../metadata.ts'
import { type Lesson, withExchanges } from './lesson.ts'

const id = 'machine'

export const machine: Lesson = {
  id,
  title: 'A program without a person',
  about: 'The client demo-service signs in as itself with client credentials: one request, no browser. Then it asks about a person it does not have.',
  label: 'Get a token for a program',
  titles: ['Token request', 'Userinfo with that token', 'Introspection of that token'],
  teaches: 'The token stands for the program. Userinfo answers 403 `insufficient_scope`, because nobody signed in; introspection says what the token is good for.',
  start: async (walk) => {
    const token = await send(basicPost(endpointOf(walk, 'token_endpoint'), demoService, { grant_type: 'client_credentials', scope: 'gk_calendar' }))
    const access = textOf(token.answer, 'access_token') ?? ''
    const userinfo = await send(bearer(endpointOf(walk, 'userinfo_endpoint'), access))
    const introspection = await send(basicPost(endpointOf(walk, 'introspection_endpoint'), demoService, { token: access }))
    return { walk: withExchanges(walk, id, [token, userinfo, introspection]) }
  },
}
