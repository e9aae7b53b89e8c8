import { randomBytes } from '../lib/random.ts'
import type { Attempt } from './connector.ts'
import type { SamlKey } from './saml-keys.ts'
import { type SamlParties, samlLibrary } from './saml-response.ts'

// Owns requests for a sign-in (SAML 2.0 Core §3.4, Bindings §3.4 and §3.5): always signed, so that an institution can tell ours from
// anybody's, by the binding that the institution has; by redirect where it has both, because that needs no page of ours.

export interface SignInRequest {
  readonly url: string
  /** A form that is posted to `url`; left out when the browser is only sent there. */
  readonly fields?: Readonly<Record<string, string>>
  readonly requestId: string
}

export interface RequestSettings {
  readonly nameIdFormat: string | null
  readonly forceAuthn: boolean
}

/** SAML has context classes of its own; what others call theirs means nothing there, and an unknown one is refused by the institution. */
function contextClasses(acrValues: readonly string[]): string[] {
  return acrValues.filter((value) => /^(urn:oasis:names:tc:SAML:|https:\/\/refeds\.org\/|http:\/\/schemas\.microsoft\.com\/|http:\/\/id\.)/.test(value))
}

/** The signed request of one attempt, on its way. */
export async function signInRequest(parties: SamlParties, attempt: Attempt, key: SamlKey, settings: RequestSettings): Promise<SignInRequest> {
  const target = parties.entity.sign_on.find(({ binding }) => binding === 'redirect') ?? parties.entity.sign_on[0]
  if (target === undefined) throw new Error('an entity has no place to sign in')
  const requestId = `_${randomBytes(20).toString('hex')}`
  const contexts = contextClasses(attempt.acrValues)
  const library = samlLibrary(parties, {
    entryPoint: target.location,
    privateKey: key.privateKey,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
    generateUniqueId: () => requestId,
    identifierFormat: settings.nameIdFormat,
    forceAuthn: settings.forceAuthn,
    authnContext: contexts,
    disableRequestedAuthnContext: contexts.length === 0,
    // The redirect binding deflates, the POST binding does not.
    skipRequestCompression: target.binding === 'post',
  })
  if (target.binding === 'redirect') return { url: await library.getAuthorizeUrlAsync(attempt.state, undefined, {}), requestId }
  const message = await library.getAuthorizeMessageAsync(attempt.state)
  const fields = Object.fromEntries(Object.entries(message).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
  return { url: target.location, fields, requestId }
}
