import type { Context } from '../context.ts'
import { type AuthorizationDetail, parseAuthorizationDetails } from '../protocol/authorization-details.ts'
import { invalidAuthorizationDetails } from '../protocol/error.ts'
import { detailFault } from './authorization-type.ts'
import { findAuthorizationTypes } from './authorization-types.ts'

// Owns what a client may ask in authorization details: types that are declared here, that it registered, and of each what its schema allows.

export interface ReadDetails {
  readonly details: readonly AuthorizationDetail[]
  /** One of them is for once: the person is asked every time. */
  readonly singleUse: boolean
}

/** Reads `authorization_details` of a client with these types. Throws `invalid_authorization_details` (RFC 9396 §5). */
export async function readAuthorizationDetails(ctx: Context, text: string | undefined, allowed: readonly string[]): Promise<ReadDetails> {
  const details = parseAuthorizationDetails(text)
  if (details.length === 0) return { details, singleUse: false }
  const types = await findAuthorizationTypes(ctx)
  let singleUse = false
  for (const detail of details) {
    const type = types.get(detail.type)
    // What is not declared and what is not this client's are one answer.
    if (type === undefined || !allowed.includes(detail.type)) throw invalidAuthorizationDetails('A type of authorization_details is not known or not registered for this client', { detail: `type ${detail.type.slice(0, 200)}`, trace: { cause: 'details.invalid', compared: [{ name: 'authorization_details: type', sent: detail.type, expected: allowed.join(', ') }] } })
    const fault = detailFault(type, detail)
    if (fault !== undefined) throw invalidAuthorizationDetails(`authorization_details of type ${detail.type}: ${fault}`)
    singleUse ||= type.consent?.single_use === true
  }
  return { details, singleUse }
}
