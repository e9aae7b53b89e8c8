import { authorizationUrl } from '../authorization-url.ts'
import { demoWeb } from '../demo-clients.ts'
import type { Outcome } from '../steps/step.ts'
import { drawSecrets, firstChoices, type Walk } from '../walk.ts'

/** Sends the browser for a code of the lesson's own, past the pages where the person is signed in already. */
export async function fetchCode(walk: Walk, lesson: string): Promise<Outcome> {
  const secrets = drawSecrets()
  const idToken = walk.tokens?.idToken
  const signedIn = idToken !== undefined && walk.logout === undefined
  const address = authorizationUrl(walk, demoWeb.clientId, secrets, signedIn ? { id_token_hint: idToken } : {}, signedIn ? { ...walk.choices, prompt: '' } : firstChoices)
  return { walk: { ...walk, errand: { lesson, secrets } }, goTo: address }
}
