import { createPublicKey, type JsonWebKey, type X509Certificate } from 'node:crypto'
import { takesCertificates } from '../../config.ts'
import { isInForce } from '../../lib/certificate.ts'
import { sha256 } from '../../lib/digest.ts'
import type { PublicJwk } from '../json-web-keys.ts'
import { findKey } from '../keys.ts'
import { hasIdAlone, idOf, wrongCertificate } from './client-id.ts'
import type { ClientAuthenticationMethod } from './method.ts'

// A certificate of the client's own making (RFC 8705 §2.2): nobody vouches for its names, so it counts by being the registered one. A key
// in the client's set that has its certificate beside it (`x5c`, `x5t#S256`) stands for that certificate; one without stands for every
// certificate of that key.

function isSameKey(jwk: PublicJwk, { publicKey }: X509Certificate): boolean {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).equals(publicKey)
  } catch {
    // A key of a kind that this build of Node does not know.
    return false
  }
}

function standsFor(jwk: PublicJwk, certificate: X509Certificate): boolean {
  if (jwk.use !== undefined && jwk.use !== 'sig') return false
  const { x5c, 'x5t#S256': thumbprint } = jwk
  if (Array.isArray(x5c)) return x5c[0] === certificate.raw.toString('base64')
  if (thumbprint !== undefined) return thumbprint === sha256(certificate.raw).toString('base64url')
  return isSameKey(jwk, certificate)
}

export const selfSignedTlsClientAuth: ClientAuthenticationMethod = {
  name: 'self_signed_tls_client_auth',
  sends: 'client_id',
  isOffered: takesCertificates,
  isPresent: (presented) => presented.certificate !== undefined && hasIdAlone(presented),
  claimedId: idOf,
  proves: async ({ certificate }, client, ctx) => (certificate !== undefined && isInForce(certificate, ctx.clock.now()) && (await findKey(ctx, client, (jwk) => standsFor(jwk, certificate)))) || wrongCertificate(certificate, 'jwks'),
}
