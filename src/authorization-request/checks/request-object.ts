import { registrationNotSupported, requestNotSupported, requestUriNotSupported } from '../../protocol/error.ts'
import type { Check } from './check.ts'

/** What we do not read must not be ignored: the request would mean something else to its client than to us (Core §6, §7.2.1). */
export const checkRequestObject: Check = (draft) => {
  const { single } = draft.form
  if (single.has('request')) throw requestNotSupported('Request objects are not supported')
  if (single.has('request_uri')) throw requestUriNotSupported('Request objects by reference are not supported')
  if (single.has('registration')) throw registrationNotSupported('Registration in a request is not supported')
  return draft
}
