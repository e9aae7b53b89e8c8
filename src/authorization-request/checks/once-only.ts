import { requireOnce } from '../../protocol/form.ts'
import type { Check } from './check.ts'

/** A repeated parameter has no meaning that two readers would agree on (RFC 6749 §3.1). */
export const checkOnceOnly: Check = (draft) => {
  requireOnce(draft.form)
  return draft
}
