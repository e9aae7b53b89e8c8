import { readAuthorizationDetails } from '../../apis/authorization-details.ts'
import { type Check, clientOf, learn } from './check.ts'

/** Authorization details of declared types that the client registered (RFC 9396 §5). */
export const checkAuthorizationDetails: Check = async (draft, ctx) => {
  const text = draft.form.single.get('authorization_details')
  if (text === undefined) return draft
  const { details, singleUse } = await readAuthorizationDetails(ctx, text, clientOf(draft).metadata.authorization_details_types)
  return learn(draft, { authorizationDetails: details, ...(singleUse && { singleUse }) })
}
