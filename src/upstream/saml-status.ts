import { childrenOf, type XmlElement } from '../lib/xml.ts'
import { UpstreamFailure } from './connector.ts'
import { samlFailure } from './saml-failure.ts'
import { ASSERTION, PROTOCOL } from './saml-names.ts'
import type { SamlParties } from './saml-response.ts'

// Owns what a response says of itself, outside of any assertion: whom it answers and whether anybody was signed in. None of it is believed
// for that: it can only end an attempt.

const STATUS = 'urn:oasis:names:tc:SAML:2.0:status:'

/** The response answers this request, at this address, in this entity's name. Throws UpstreamFailure. */
export function requireAddressed(response: XmlElement, { entity, acs }: SamlParties, requestId: string): void {
  if (response.uri !== PROTOCOL || response.local !== 'Response') throw samlFailure('shape')
  const { attributes } = response
  if (attributes.get('InResponseTo') !== requestId) throw samlFailure('in response to')
  if (attributes.has('Destination') && attributes.get('Destination') !== acs) throw samlFailure('destination')
  const [issuer, another] = childrenOf(response, ASSERTION, 'Issuer')
  if (another !== undefined || (issuer !== undefined && issuer.text.trim() !== entity.entity_id)) throw samlFailure('issuer')
}

function codes(status: XmlElement | undefined): readonly string[] {
  const [code] = status === undefined ? [] : childrenOf(status, PROTOCOL, 'StatusCode')
  return code === undefined ? [] : [code.attributes.get('Value') ?? '', ...codes(code)]
}

/** Somebody was signed in there; else the failure, with the registered word for why (Core §3.2.2.2). */
export function requireSuccess(response: XmlElement): void {
  const found = codes(childrenOf(response, PROTOCOL, 'Status')[0]).slice(0, 4)
  if (found[0] === `${STATUS}Success`) return
  const words = found.filter((code) => code.startsWith(STATUS) && /^[A-Za-z]{1,40}$/.test(code.slice(STATUS.length))).map((code) => code.slice(STATUS.length))
  // The browser brought it, and it needs no signature.
  throw new UpstreamFailure('refused', words.at(-1) ?? 'no status', { isHearsay: true })
}
