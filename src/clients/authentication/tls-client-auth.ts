import type { X509Certificate } from 'node:crypto'
import { type Config, takesCertificates } from '../../config.ts'
import { type Context, perContext } from '../../context.ts'
import { isIssuedBy, readCertificates } from '../../lib/certificate.ts'
import { alternativeNames, normalAlternativeName, subjectName } from '../../lib/certificate-names.ts'
import { normalNameOfText } from '../../lib/distinguished-name.ts'
import type { ClientMetadata } from '../metadata.ts'
import { registeredNames } from '../certificate-names.ts'
import { hasIdAlone, idOf, wrongCertificate } from './client-id.ts'
import type { ClientAuthenticationMethod } from './method.ts'

// A certificate that an authority we know issued to the client (RFC 8705 §2.1). The chain is checked here, with our clock and our list,
// whoever ended the TLS connection: a proxy that forgot to check it lets nobody in.

const authorities = perContext(({ config }: Context) => readCertificates(config.clientCertificateAuthorities ?? '') ?? [])

function isOffered(config: Config): boolean {
  return takesCertificates(config) && config.clientCertificateAuthorities !== undefined
}

/** Whether the certificate has the one name that the client registered. */
function isNamed(certificate: X509Certificate, metadata: ClientMetadata): boolean {
  const [registered, another] = registeredNames(metadata)
  if (registered === undefined || another !== undefined) return false
  const { kind, name } = registered
  if (kind === 'subject_dn') {
    const expected = normalNameOfText(name)
    return expected !== undefined && expected === subjectName(certificate)
  }
  const expected = normalAlternativeName(kind, name)
  return expected !== undefined && alternativeNames(certificate, kind).includes(expected)
}

export const tlsClientAuth: ClientAuthenticationMethod = {
  name: 'tls_client_auth',
  sends: 'client_id',
  isOffered,
  isPresent: (presented) => presented.certificate !== undefined && hasIdAlone(presented),
  claimedId: idOf,
  proves: async ({ certificate }, client, ctx) => (certificate !== undefined && isIssuedBy(certificate, authorities(ctx), ctx.clock.now()) && isNamed(certificate, client.metadata)) || wrongCertificate(certificate, registeredNames(client.metadata)[0]?.name),
}
