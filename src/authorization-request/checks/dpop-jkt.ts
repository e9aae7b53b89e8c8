import { invalidRequest } from '../../protocol/error.ts'
import { type Check, learn } from './check.ts'

const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

/** The key that the code is to be bound to (RFC 9449 §10); what was proven when the request was pushed stands. */
export const checkDpopJkt: Check = (draft) => {
  const jkt = draft.form.single.get('dpop_jkt')
  if (jkt === undefined || draft.request.jkt !== undefined) return draft
  if (!THUMBPRINT.test(jkt)) throw invalidRequest('dpop_jkt is not a SHA-256 thumbprint', { parameter: 'dpop_jkt' })
  return learn(draft, { jkt })
}
