import { SAML, type SamlConfig, ValidateInResponseTo } from '@node-saml/node-saml'
import { DOMParser, XMLSerializer } from '@xmldom/xmldom'
import xmlEncryption from 'xml-encryption'
import type { XmlElement } from '../lib/xml.ts'
import { readPlain, requireAssertionShape, requireResponseShape } from './saml-envelope.ts'
import type { SamlEntityFacts } from './saml-entities.ts'
import { samlFailure } from './saml-failure.ts'
import type { SamlKey } from './saml-keys.ts'
import { ASSERTION } from './saml-names.ts'

// Owns the way from a response to the one assertion that the provider's key has signed: decrypted, verified, and read out of the very bytes
// that the signature covers. The library verifies; what it leaves to its caller (document types, weak algorithms, replays, the clock, whom
// an assertion is for) is asked here and in the files beside. What the assertion says is saml-assertion.ts's.

// The library must remember nothing: what was asked is kept with the departure, so that any process can take the answer.
const NO_CACHE = { saveAsync: () => Promise.resolve(null), getAsync: () => Promise.resolve(null), removeAsync: () => Promise.resolve(null) }

export interface SamlParties {
  readonly entity: SamlEntityFacts
  /** Our entity id. */
  readonly us: string
  /** Our assertion consumer service. */
  readonly acs: string
}

/** The library with everything that both directions share. */
export function samlLibrary({ entity, us, acs }: SamlParties, more: Partial<SamlConfig>): SAML {
  return new SAML({ issuer: us, callbackUrl: acs, idpCert: [...entity.certificates], cacheProvider: NO_CACHE, validateInResponseTo: ValidateInResponseTo.never, ...more })
}

function decrypt(xml: string, key: SamlKey): Promise<string | undefined> {
  return new Promise((resolve) => {
    xmlEncryption.decrypt(xml, { key: key.privateKey, disallowDecryptionWithInsecureAlgorithm: true, warnInsecureAlgorithm: false }, (error, result) => resolve(error === null || error === undefined ? result : undefined))
  })
}

/** The key that opens the assertion. What is inside must be of the right shape too: whoever has our certificate can encrypt for us. */
async function openingKey(text: string, keys: readonly SamlKey[]): Promise<SamlKey> {
  const [encrypted] = Array.from(new DOMParser().parseFromString(text, 'text/xml').getElementsByTagNameNS(ASSERTION, 'EncryptedAssertion'))
  const xml = encrypted === undefined ? '' : new XMLSerializer().serializeToString(encrypted)
  for (const key of keys.toReversed()) {
    const inside = await decrypt(xml, key)
    if (inside === undefined) continue
    requireAssertionShape(readPlain(inside))
    return key
  }
  throw samlFailure('decryption')
}

/** The assertion of a response, out of signed bytes. The response itself or the assertion must be signed. Throws UpstreamFailure. */
export async function verifiedAssertion(text: string, parties: SamlParties, decryptionKeys: readonly SamlKey[]): Promise<XmlElement> {
  const { isEncrypted } = requireResponseShape(readPlain(text))
  const key = isEncrypted ? await openingKey(text, decryptionKeys) : undefined
  const library = samlLibrary(parties, {
    wantAuthnResponseSigned: false,
    wantAssertionsSigned: false,
    // By our clock and our own rules, out of the signed bytes: saml-assertion.ts.
    acceptedClockSkewMs: -1,
    audience: false,
    ...(key === undefined ? {} : { decryptionPvk: key.privateKey }),
  })
  const signed = await library.validatePostResponseAsync({ SAMLResponse: Buffer.from(text).toString('base64') }).then(
    ({ profile }) => profile?.getAssertionXml?.(),
    () => undefined,
  )
  if (signed === undefined) throw samlFailure('signature')
  const assertion = readPlain(signed)
  requireAssertionShape(assertion)
  return assertion
}
