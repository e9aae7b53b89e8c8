import { authorizationUrl } from '../authorization-url.ts'
import { demoWeb } from '../demo-clients.ts'
import { get, send } from '../exchange.ts'
import { type Lesson, withExchanges } from './lesson.ts'

const id = 'unknown-scope'

export const unknownScope: Lesson = {
  id,
  title: 'A scope that nobody registered',
  about: 'Asks for a sign-in with a typing error in the scope.',
  label: 'Ask for an unknown scope',
  titles: ['Authorization request'],
  teaches: 'Client and redirect URI are right, so the error goes back to the application: `invalid_scope`, with `state`, `iss` and an `error_uri` that leads to the diagnosis. There stands which scope was probably meant.',
  start: async (walk) => ({ walk: withExchanges(walk, id, [await send(get(authorizationUrl(walk, demoWeb.clientId, walk.secrets, { scope: 'openid profil' })))]) }),
}
