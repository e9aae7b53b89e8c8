import { childrenOf, type XmlElement } from '../lib/xml.ts'
import { samlFailure, type SamlCause } from './saml-failure.ts'
import { ASSERTION } from './saml-names.ts'

// Owns whether a signed assertion is for us, from whom it should be, an answer to what was asked, and of now (SAML 2.0 Core §2, Profiles
// §4.1.4). Every time is compared with our clock, with a tolerance; what an assertion does not say, it does not allow.

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
const KNOWN_CONDITIONS = new Set(['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'])
/** Clocks of institutions are about right. Milliseconds. */
export const TOLERANCE = 120_000
/** An assertion is made for the moment. Milliseconds. */
const OLDEST = 600_000

export interface Expected {
  readonly entityId: string
  readonly us: string
  readonly acs: string
  readonly requestId: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The earliest moment of a sign-in that will do, if one was asked for. Milliseconds since the epoch. */
  readonly signedInAfter: number | undefined
}

export interface CheckedAssertion {
  readonly id: string
  /** Until when it could be used again. Milliseconds since the epoch. */
  readonly usableUntil: number
  readonly subject: XmlElement
  readonly acr: string | undefined
  /** Seconds since the epoch. */
  readonly authTime: number
  readonly attributes: readonly XmlElement[]
}

function require_(holds: boolean, cause: SamlCause, skewSeconds?: number): asserts holds {
  if (!holds) throw samlFailure(cause, { skewSeconds })
}

/** A time in UTC as SAML writes it (Core §1.3.3); NaN for anything else. */
function timeOf(element: XmlElement, name: string): number {
  const text = element.attributes.get(name) ?? ''
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : Number.NaN
}

function only(element: XmlElement, local: string): XmlElement | undefined {
  const [child, another] = childrenOf(element, ASSERTION, local)
  return another === undefined ? child : undefined
}

/** How far a provider's clock is ahead of ours, in seconds, by the moment at which it says it wrote something. */
export function skewOf(element: XmlElement, now: number): number | undefined {
  const issued = timeOf(element, 'IssueInstant')
  return Number.isNaN(issued) ? undefined : Math.round((issued - now) / 1000)
}

// A bearer's confirmation: whoever brings it, brings it here, now, and in answer to our request.
function requireConfirmation(subject: XmlElement, { acs, requestId, now }: Expected, skew: number | undefined): number {
  const data = childrenOf(subject, ASSERTION, 'SubjectConfirmation').filter(({ attributes }) => attributes.get('Method') === BEARER).map((confirmation) => only(confirmation, 'SubjectConfirmationData'))
  const bearer = data.length === 1 ? data[0] : undefined
  require_(bearer !== undefined, 'recipient')
  require_(bearer.attributes.get('Recipient') === acs, 'recipient')
  require_(bearer.attributes.get('InResponseTo') === requestId, 'in response to')
  const end = timeOf(bearer, 'NotOnOrAfter')
  require_(now < end + TOLERANCE, 'expired', skew)
  require_(bearer.attributes.get('NotBefore') === undefined || now >= timeOf(bearer, 'NotBefore') - TOLERANCE, 'not yet valid', skew)
  return end
}

function requireConditions(assertion: XmlElement, { us, now }: Expected, skew: number | undefined): number | undefined {
  const conditions = only(assertion, 'Conditions')
  require_(conditions !== undefined, 'audience')
  require_(conditions.children.every(({ uri, local }) => uri === ASSERTION && KNOWN_CONDITIONS.has(local)), 'condition')
  const { attributes } = conditions
  require_(attributes.get('NotBefore') === undefined || now >= timeOf(conditions, 'NotBefore') - TOLERANCE, 'not yet valid', skew)
  require_(attributes.get('NotOnOrAfter') === undefined || now < timeOf(conditions, 'NotOnOrAfter') + TOLERANCE, 'expired', skew)
  const restrictions = childrenOf(conditions, ASSERTION, 'AudienceRestriction')
  require_(restrictions.length > 0 && restrictions.every((restriction) => childrenOf(restriction, ASSERTION, 'Audience').some(({ text }) => text.trim() === us)), 'audience')
  return attributes.get('NotOnOrAfter') === undefined ? undefined : timeOf(conditions, 'NotOnOrAfter')
}

function requireSignIn(assertion: XmlElement, { now, signedInAfter }: Expected, skew: number | undefined): { readonly authTime: number; readonly acr: string | undefined } {
  const [statement] = childrenOf(assertion, ASSERTION, 'AuthnStatement')
  require_(statement !== undefined, 'shape')
  const at = timeOf(statement, 'AuthnInstant')
  require_(at <= now + TOLERANCE, 'not yet valid', skew)
  require_(statement.attributes.get('SessionNotOnOrAfter') === undefined || now < timeOf(statement, 'SessionNotOnOrAfter') + TOLERANCE, 'expired', skew)
  require_(signedInAfter === undefined || at >= signedInAfter - TOLERANCE, 'sign-in too old', skew)
  const context = only(statement, 'AuthnContext')
  const acr = (context && only(context, 'AuthnContextClassRef')?.text.trim()) ?? ''
  // Ours is the earlier of the two clocks: nobody signed in later than now.
  return { authTime: Math.floor(Math.min(at, now) / 1000), acr: acr === '' || acr.length > 200 ? undefined : acr }
}

/** Checks a verified assertion. Throws UpstreamFailure with the cause. */
export function checkAssertion(assertion: XmlElement, expected: Expected): CheckedAssertion {
  const { now, entityId } = expected
  const skew = skewOf(assertion, now)
  const id = assertion.attributes.get('ID') ?? ''
  require_(assertion.attributes.get('Version') === '2.0' && id !== '' && skew !== undefined, 'shape')
  require_(only(assertion, 'Issuer')?.text.trim() === entityId, 'issuer')
  require_(skew * 1000 <= TOLERANCE, 'not yet valid', skew)
  require_(skew * 1000 >= -OLDEST, 'expired', skew)
  const subject = only(assertion, 'Subject')
  require_(subject !== undefined, 'recipient')
  const confirmedUntil = requireConfirmation(subject, expected, skew)
  const validUntil = requireConditions(assertion, expected, skew)
  const attributes = childrenOf(assertion, ASSERTION, 'AttributeStatement').flatMap((statement) => childrenOf(statement, ASSERTION, 'Attribute'))
  return { id, subject, attributes, ...requireSignIn(assertion, expected, skew), usableUntil: Math.min(confirmedUntil, validUntil ?? confirmedUntil) + TOLERANCE }
}
