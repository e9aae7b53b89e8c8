import { authorizationUrl } from '../authorization-url.ts'
import { callbackAddress, demoWeb } from '../demo-clients.ts'
import { get, send } from '../exchange.ts'
import { issuerOf } from '../metadata.ts'
import type { Walk } from '../walk.ts'
import { type Lesson, withExchanges } from './lesson.ts'

const id = 'wrong-redirect-uri'

function address(walk: Walk): string {
  return authorizationUrl(walk, demoWeb.clientId, walk.secrets, { redirect_uri: `${callbackAddress(issuerOf(walk))}/` })
}

export const wrongRedirectUri: Lesson = {
  id,
  title: 'A wrong redirect URI',
  about: 'Asks for a sign-in that returns to an address with one slash too many at its end.',
  label: 'Send a wrong redirect URI',
  titles: ['Authorization request, with JSON asked for so that it can be shown here'],
  teaches: 'Redirect URIs are compared letter for letter. The server does not send anybody to an address it does not know, not even with an error: the person gets a page with a reference, and the developer finds the reason under that reference in the diagnosis.',
  start: async (walk) => ({ walk: withExchanges(walk, id, [await send(get(address(walk), { Accept: 'application/json' }))]) }),
  link: (walk) => ({ href: address(walk), label: 'See the page that a person gets' }),
}
