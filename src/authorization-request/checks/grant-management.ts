import { isPublic } from '../../clients/client.ts'
import { invalidGrantId, invalidRequest, unauthorizedClient } from '../../protocol/error.ts'
import { readGrantAction } from '../../protocol/grant-management.ts'
import { findManagedGrant } from '../../users/managed-grants.ts'
import { type Check, clientOf, learn } from './check.ts'
import { responseTypeOf } from './response-type.ts'

/** The grant that a request makes or changes (Grant Management for OAuth 2.0 §5.2, §5.3): of confidential clients, and with a code alone, since a token through the browser could not say its grant. */
export const checkGrantManagement: Check = async (draft, ctx) => {
  const asked = readGrantAction(draft.form)
  if (asked === undefined) return draft
  const client = clientOf(draft)
  if (isPublic(client)) throw unauthorizedClient('A public client may not manage grants', { parameter: 'grant_management_action' })
  if (responseTypeOf(draft).type !== 'code') throw invalidRequest('Grants are managed with the response type code', { parameter: 'grant_management_action' })
  // Such a grant goes on and is merged into others; a consent with an end takes everything with it that rests on it.
  if (draft.request.limited !== undefined) throw invalidRequest('A scope whose consent has an end is in no grant that is managed', { parameter: 'grant_management_action' })
  const { grantId } = asked
  if (grantId !== undefined && (await findManagedGrant(ctx, grantId, client.key)) === undefined) throw invalidGrantId('The grant is not known', { parameter: 'grant_id', trace: { cause: 'grant_id.unknown', compared: [{ name: 'grant_id', sent: grantId, secret: true }] } })
  return learn(draft, { grantChange: asked })
}
