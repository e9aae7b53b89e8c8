import { SAML, type SamlConfig, ValidateInResponseTo } from '@node-saml/node-saml'
import type { XmlElement } from '../lib/xml.ts'
import { readPlain, requireAssertionShape, requireResponseShape } from './saml-envelope.ts'
import type { SamlEntityFacts } from './saml-entities.ts'
import { decryptElement } from './saml-decryption.ts'
import { samlFailure } from './saml-failure.ts'
import type { SamlKey } from './saml-keys.ts'

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

/** The key that opens the assertion. What is inside must be of the right shape too: whoever has our certificate can encrypt for us. */
function openingKey(encrypted: XmlElement, keys: readonly SamlKey[]): SamlKey {
  for (const key of keys.toReversed()) {
    const inside = decryptElement(encrypted, key)
    if (inside === undefined) continue
    requireAssertionShape(readPlain(inside))
    return key
  }
  throw samlFailure('decryption')
}

/** The assertion of a response, out of signed bytes. The response itself or the assertion must be signed. Throws UpstreamFailure. */
export async function verifiedAssertion(text: string, parties: SamlParties, decryptionKeys: readonly SamlKey[]): Promise<XmlElement> {
  const encrypted = requireResponseShape(readPlain(text))
  const key = encrypted && openingKey(encrypted, decryptionKeys)
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
    // Only its words tell what the library stumbled over; they are not shown to anybody.
    (error: unknown) => {
      throw samlFailure(error instanceof Error && /NotOnOrAfter|NotBefore|IssueInstant/.test(error.message) ? 'no times' : 'signature')
    },
  )
  if (signed === undefined) throw samlFailure('signature')
  const assertion = readPlain(signed)
  requireAssertionShape(assertion)
  return assertion
}
