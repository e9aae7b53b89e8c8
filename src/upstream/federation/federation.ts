import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { canParseUrl } from '../../lib/can-parse-url.ts'
import { localizedText } from '../../protocol/localized-text.ts'
import { providerId } from '../provider.ts'
import { samlSettings } from '../saml-service.ts'

// Owns what the declaration of a federation says. It is declared as a provider, and is none: nobody signs in at it, but at the institutions
// that its metadata lists.

const LEAST_MODULUS_BITS = 2048

function certificateFault(pem: string): string | undefined {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(pem).publicKey
    if (asymmetricKeyType === 'ec') return undefined
    if (asymmetricKeyType !== 'rsa') return 'must hold an RSA or EC key'
    return (asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_MODULUS_BITS ? undefined : `must hold an RSA key of ${LEAST_MODULUS_BITS} bits or more`
  } catch {
    return 'must be a certificate in PEM'
  }
}

const certificate = z.string().max(20_000).superRefine((pem, context) => {
  const fault = certificateFault(pem)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
})

const metadataUrl = z.string().max(2000).superRefine((text, context) => {
  const url = canParseUrl(text) ? new URL(text) : undefined
  const local = url !== undefined && (url.hostname === '127.0.0.1' || url.hostname === 'localhost')
  if (url === undefined || (url.protocol !== 'https:' && !(url.protocol === 'http:' && local))) context.addIssue({ code: 'custom', message: 'must be an https URL' })
  else if (url.username !== '' || url.hash !== '') context.addIssue({ code: 'custom', message: 'must have no fragment or user name' })
})

export const FEDERATION = 'saml_federation'

export const federationSchema = z
  .strictObject({
  provider_id: providerId,
  protocol: z.literal(FEDERATION),
  name: localizedText,
  metadata_url: metadataUrl.optional(),
  metadata_file: z.string().min(1).max(4096).optional(),
  /** Of the key that signs the metadata; two while it changes. The key counts, not how long the certificate is valid. */
  signing_certificate: z.union([certificate, z.array(certificate).min(1).max(4)]),
  disabled: z.boolean().default(false),
  // Of all its institutions.
  subject: samlSettings.shape.subject,
  claims_mapping: samlSettings.shape.claims_mapping,
  required: samlSettings.shape.required,
})
  .superRefine(({ metadata_url: url, metadata_file: file }, context) => {
    if ((url === undefined) === (file === undefined)) context.addIssue({ code: 'custom', path: ['metadata_url'], message: url === undefined ? 'is missing, and so is metadata_file' : 'and metadata_file: one of them' })
  })

/** A federation as it was declared. */
export type Federation = z.output<typeof federationSchema>

/** The certificates, one or several. */
export function certificatesOf({ signing_certificate: declared }: Federation): readonly string[] {
  return typeof declared === 'string' ? [declared] : declared
}
