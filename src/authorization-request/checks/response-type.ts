import { type Client, hasSwitch, mayUseGrant } from '../../clients/client.ts'
import { requireAllowed } from '../../clients/profile-rules.ts'
import { isWithin } from '../../clients/profiles.ts'
import { invalidRequest, unauthorizedClient, unsupportedResponseType } from '../../protocol/error.ts'
import { verifyRedirect } from '../request.ts'
import { responseModes } from '../response-modes/index.ts'
import { mayAnswerIn, SIGNED, signedModeFor } from '../response-modes/jwt.ts'
import { findResponseType, normalizeResponseType, type ResponseType } from '../response-types.ts'
import { type Check, clientOf, type Draft, learn } from './check.ts'

function mayUse(client: Client, { type, code, token, idToken }: ResponseType): boolean {
  const registered = client.metadata.response_types.some((one) => normalizeResponseType(one) === normalizeResponseType(type))
  const frontChannel = token || idToken
  return registered && (!code || mayUseGrant(client, 'authorization_code')) && (!frontChannel || hasSwitch(client, 'implicit'))
}

/** A response type that we have and the client registered. */
export const checkResponseType: Check = (draft, ctx) => {
  const asked = draft.form.single.get('response_type')
  if (asked === undefined) throw invalidRequest('Missing parameter: response_type', { parameter: 'response_type' })
  const known = findResponseType(asked)
  if (known === undefined) throw unsupportedResponseType('The response type is not supported', { parameter: 'response_type', trace: { cause: 'response_type.unknown', compared: [{ name: 'response_type', sent: asked }] } })
  const client = clientOf(draft)
  const refused = (): Error => unauthorizedClient('The client may not use this response type', { detail: 'response_type.not_allowed', trace: { cause: 'response_type.not_allowed', compared: [{ name: 'response_type', sent: known.type, expected: client.metadata.response_types.join(', ') }] } })
  if (!mayUse(client, known)) throw refused()
  requireAllowed(ctx, client, { rule: 'response_type', allows: ({ responseTypes }) => isWithin(responseTypes, known.type) }, refused)
  return learn(draft, { responseType: known.type, responseMode: known.mode, answerAlg: client.metadata.authorization_signed_response_alg })
}

/** The response type of a draft whose check has passed. */
export function responseTypeOf(draft: Draft): ResponseType {
  const known = findResponseType(draft.request.responseType ?? '')
  if (known === undefined) throw new Error('the response type check has not run')
  return known
}

/** A response mode that we have, and none that would put a token into an address (Multiple Response Types §5). */
export const checkResponseMode: Check = (draft, ctx) => {
  const asked = draft.form.single.get('response_mode')
  if (asked === undefined) return draft
  const type = responseTypeOf(draft)
  const mode = asked === SIGNED ? signedModeFor(type.mode) : asked
  if (!responseModes.some(({ name }) => name === mode)) throw invalidRequest('The response mode is not supported', { parameter: 'response_mode', trace: { cause: 'response_mode.not_allowed', compared: [{ name: 'response_mode', sent: asked, expected: responseModes.map(({ name }) => name).join(', ') }] } })
  const refused = (): Error => invalidRequest('The client may not use this response mode', { parameter: 'response_mode', trace: { cause: 'response_mode.not_allowed', compared: [{ name: 'response_mode', sent: asked }, { name: 'profile', sent: clientOf(draft).metadata.profile }] } })
  requireAllowed(ctx, clientOf(draft), { rule: 'response_mode', allows: (profile) => isWithin(profile.responseModes, mode) }, refused)
  const { redirect } = draft
  if (!mayAnswerIn(mode, type.mode)) throw invalidRequest('A token may not be in a query', { parameter: 'response_mode', trace: { cause: 'response_mode.not_allowed', compared: [{ name: 'response_mode', sent: asked, expected: type.mode }] } })
  return { ...learn(draft, { responseMode: mode }), ...(redirect && { redirect: verifyRedirect({ ...redirect, responseMode: mode }) }) }
}

/** What the browser carries must be bound to the request that it answers (OpenID Connect Core §3.2.2.1, §3.3.2.11). */
export const checkNonce: Check = (draft) => {
  if (responseTypeOf(draft).idToken && draft.form.single.get('nonce') === undefined) throw invalidRequest('Missing parameter: nonce', { parameter: 'nonce' })
  return draft
}
