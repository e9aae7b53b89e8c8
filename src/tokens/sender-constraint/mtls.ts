import { sha256 } from '../../lib/digest.ts'
import { confirm, type SenderConstraint } from './constraint.ts'

/**
 * Certificate-bound tokens (RFC 8705 §3): the token is bound to the certificate with which it was asked for. Who issued it does not matter:
 * that its key is held was proven by the handshake. A certificate alone says nothing of tokens (it may be there to authenticate).
 */
export const mtls: SenderConstraint = {
  name: 'mtls',
  member: 'x5t#S256',
  tokenType: 'Bearer',
  asks: 'show a client certificate',
  isRegistered: ({ metadata }) => metadata.tls_client_certificate_bound_access_tokens,
  bindsByItself: false,
  prove: async ({ certificate }) => (certificate === undefined ? undefined : confirm('x5t#S256', sha256(certificate.raw).toString('base64url'))),
}
