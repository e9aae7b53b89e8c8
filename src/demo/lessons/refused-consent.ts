import { authorizationUrl } from '../authorization-url.ts'
import { callbackAddress, demoWeb } from '../demo-clients.ts'
import { get } from '../exchange.ts'
import { issuerOf } from '../metadata.ts'
import { drawSecrets, firstChoices } from '../walk.ts'
import type { Lesson } from './lesson.ts'

const id = 'refused-consent'

export const refusedConsent: Lesson = {
  id,
  title: 'A person who says no',
  about: 'Asks for a sign-in with the consent page. Say no there, or cancel the sign-in.',
  label: 'Ask, to be refused',
  titles: ['What the browser brought back'],
  teaches: 'That is no fault: `access_denied`, with the finer reason beside it. Your application needs a page for it, with a way on.',
  start: async (walk) => {
    const secrets = drawSecrets()
    return { walk: { ...walk, errand: { lesson: id, secrets } }, goTo: authorizationUrl(walk, demoWeb.clientId, secrets, {}, { ...firstChoices, prompt: 'consent' }) }
  },
  refused: (walk, parameters) => [
    {
      request: get(`${callbackAddress(issuerOf(walk))}?${new URLSearchParams([...parameters])}`),
      answer: { status: 303, statusText: 'See Other', headers: { 'x-request-id': parameters.get('error_uri')?.slice(-9) ?? '' }, body: '' },
    },
  ],
}
