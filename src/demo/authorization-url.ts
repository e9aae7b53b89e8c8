import { challengeOf } from '../protocol/pkce.ts'
import { callbackAddress } from './demo-clients.ts'
import { endpointOf, issuerOf } from './metadata.ts'
import type { Choices, Secrets, Walk } from './walk.ts'

/** The parameters of an authorization request of the demo's client (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1). */
export function authorizationParameters(issuer: string, clientId: string, choices: Choices, secrets: Secrets): Readonly<Record<string, string>> {
  return {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callbackAddress(issuer),
    scope: choices.scopes.join(' '),
    state: secrets.state,
    nonce: secrets.nonce,
    code_challenge: challengeOf(secrets.verifier) ?? '',
    code_challenge_method: 'S256',
    ...(choices.prompt === '' ? {} : { prompt: choices.prompt }),
    ...(choices.loginHint === '' ? {} : { login_hint: choices.loginHint }),
    ...(choices.uiLocales === '' ? {} : { ui_locales: choices.uiLocales }),
  }
}

/** The address that the browser is sent to with these parameters. */
export function authorizationUrl(walk: Walk, clientId: string, secrets: Secrets, changes: Readonly<Record<string, string>> = {}, choices: Choices = walk.choices): string {
  const parameters = { ...authorizationParameters(issuerOf(walk), clientId, choices, secrets), ...changes }
  return `${endpointOf(walk, 'authorization_endpoint')}?${new URLSearchParams(parameters)}`
}
