import { X509Certificate } from 'node:crypto'

// Owns how certificates are read from text, and what makes one good: its dates, and who issued it.

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2'
const ANY_PURPOSE = '2.5.29.37.0'
const SMALLEST_RSA_BITS = 2048

/** A certificate of exactly these bytes, with nothing behind it, and with a key of a kind that we know. */
export function readCertificate(der: Buffer): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(der)
    return certificate.raw.equals(der) && certificate.publicKey.type === 'public' ? certificate : undefined
  } catch {
    return undefined
  }
}

/** The certificates of a PEM text; nothing when it has none or one of them cannot be read. */
export function readCertificates(pem: string): readonly X509Certificate[] | undefined {
  try {
    const certificates = [...pem.matchAll(PEM)].map(([text]) => new X509Certificate(text))
    return certificates.length === 0 || certificates.length !== pem.split('-----BEGIN').length - 1 ? undefined : certificates
  } catch {
    return undefined
  }
}

/** Whose a certificate is, on one line, for people; nothing for one without a name. */
export function subjectLine(certificate: X509Certificate): string | undefined {
  // Node gives nothing where the name is empty, whatever its types say.
  const subject: string | undefined = certificate.subject
  return subject?.replaceAll('\n', ', ')
}

/** Whether a certificate is good at this time. `now` in milliseconds. */
export function isInForce({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo)
}

/** Whether the key is of a size that is worth something, and the certificate, where it names purposes, is for clients (RFC 5280 §4.2.1.12). */
function isForClients(certificate: X509Certificate): boolean {
  // Node gives the extended purposes under this name, and nothing where there are none.
  const purposes: readonly string[] | undefined = certificate.keyUsage
  const { modulusLength } = certificate.publicKey.asymmetricKeyDetails ?? {}
  return (purposes === undefined || purposes.includes(CLIENT_AUTHENTICATION) || purposes.includes(ANY_PURPOSE)) && (modulusLength === undefined || modulusLength >= SMALLEST_RSA_BITS)
}

/**
 * Whether one of these authorities issued the certificate itself, and both are in force. There is no chain to build: an intermediate
 * authority is trusted by being one of them. `now` in milliseconds.
 */
export function isIssuedBy(certificate: X509Certificate, authorities: readonly X509Certificate[], now: number): boolean {
  if (certificate.ca || !isForClients(certificate) || !isInForce(certificate, now)) return false
  return authorities.some((authority) => authority.ca && isInForce(authority, now) && certificate.checkIssued(authority) && certificate.verify(authority.publicKey))
}
