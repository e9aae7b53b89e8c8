import { demoWeb } from '../demo-clients.ts'
import { basicPost, send } from '../exchange.ts'
import { endpointOf } from '../metadata.ts'
import { type Lesson, withExchanges } from './lesson.ts'

const id = 'wrong-secret'

export const wrongSecret: Lesson = {
  id,
  title: 'A wrong secret',
  about: 'Asks for tokens with the secret of somebody else.',
  label: 'Send a wrong secret',
  titles: ['Token request'],
  teaches: '`invalid_client` is the one error of the token endpoint with status 401. An unknown client and a wrong secret get the same answer, so that nobody can find out which clients exist.',
  start: async (walk) => {
    const request = basicPost(endpointOf(walk, 'token_endpoint'), { ...demoWeb, secret: 'not-the-secret' }, { grant_type: 'refresh_token', refresh_token: 'any' })
    return { walk: withExchanges(walk, id, [await send(request)]) }
  },
}
