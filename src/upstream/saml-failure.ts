import { UpstreamFailure } from './connector.ts'

// Owns what can be wrong with an answer of a SAML provider: a short list of causes, so that the log and the metrics speak of the same
// things, and what an operator can do about each. The person sees one calm page for all of them.

const REMEDIES = {
  'too large': 'the provider releases more than a sign-in needs: ask it to release less',
  unreadable: 'ask the provider what it sends: it is no SAML response in base64',
  'not plain xml': 'the response has a document type, comments or processing instructions: nobody needs them, and they are used for attacks',
  shape: 'the response is not one response with one assertion and signatures where they belong: it may have been tampered with',
  algorithm: 'the provider must sign with RSA-SHA256 or SHA512 and encrypt with RSA-OAEP and AES: have it replace what is weak',
  decryption: 'the provider must encrypt for the key in our metadata: have it read them again',
  signature: 'the signing key is not one of the metadata that is known here: refresh it, or ask the provider whether its key has changed',
  issuer: 'the answer comes from another entity than the declaration names',
  destination: 'the answer is for another address: the provider must know the assertion consumer service in our metadata',
  'in response to': 'the answer is to another request, or to none: sign-ins that begin at the provider are not taken',
  recipient: 'the assertion is for another address: the provider must know the assertion consumer service in our metadata',
  audience: 'the assertion is for another service: the provider must know us by the entity id in our metadata',
  condition: 'the assertion has a condition that is not known here',
  'no times': 'the assertion does not say until when it holds, in its conditions and its confirmation, as times in UTC',
  'not yet valid': 'compare the clocks: see skewSeconds',
  expired: 'compare the clocks: see skewSeconds',
  'sign-in too old': 'the provider did not ask the person again, though the request says ForceAuthn',
  replayed: 'the same assertion came before: a browser that goes back, or a theft',
  'no metadata': 'the metadata has not been read yet: see the log of the job refresh-saml-metadata',
  'metadata expired': 'the metadata is past its validUntil and could not be read again: see the log of the job refresh-saml-metadata',
} as const

export type SamlCause = keyof typeof REMEDIES

const UNAVAILABLE: ReadonlySet<SamlCause> = new Set(['no metadata', 'metadata expired'])

export interface SamlFailureFacts {
  /** Of the declaration: never the one that the answer says. */
  readonly entityId?: string | undefined
  /** By how much the provider's clock is ahead of ours, as far as the answer tells. */
  readonly skewSeconds?: number | undefined
}

/** The failure that a cause is, with what the operator is told. */
export function samlFailure(cause: SamlCause, facts: SamlFailureFacts = {}): UpstreamFailure {
  return new UpstreamFailure(UNAVAILABLE.has(cause) ? 'unavailable' : 'invalid', cause, { facts: { ...facts, fix: REMEDIES[cause] } })
}
