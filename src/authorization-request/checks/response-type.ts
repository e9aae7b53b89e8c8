import { mayUseGrant } from '../../clients/client.ts'
import { invalidRequest, unauthorizedClient, unsupportedResponseType } from '../../protocol/error.ts'
import { verifyRedirect } from '../request.ts'
import { responseModes } from '../response-modes/index.ts'
import { findResponseType, normalizeResponseType } from '../response-types.ts'
import { type Check, clientOf, learn } from './check.ts'

/** A response type that we have and the client registered. */
export const checkResponseType: Check = (draft) => {
  const asked = draft.form.single.get('response_type')
  if (asked === undefined) throw invalidRequest('Missing parameter: response_type', { parameter: 'response_type' })
  const known = findResponseType(asked)
  if (known === undefined) throw unsupportedResponseType('The response type is not supported', { parameter: 'response_type' })
  const client = clientOf(draft)
  const registered = client.metadata.response_types.some((type) => normalizeResponseType(type) === normalizeResponseType(known.type))
  if (!registered || !mayUseGrant(client, 'authorization_code')) throw unauthorizedClient('The client may not use this response type', { detail: 'response_type.not_allowed' })
  return learn(draft, { responseType: known.type, responseMode: known.mode })
}

/** A response mode that we have. */
export const checkResponseMode: Check = (draft) => {
  const asked = draft.form.single.get('response_mode')
  if (asked === undefined) return draft
  if (!responseModes.some(({ name }) => name === asked)) throw invalidRequest('The response mode is not supported', { parameter: 'response_mode' })
  const { redirect } = draft
  return { ...learn(draft, { responseMode: asked }), ...(redirect && { redirect: verifyRedirect(redirect.redirectUri, asked, redirect.state) }) }
}
