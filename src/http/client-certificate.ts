import type { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { invalidRequest } from '../protocol/error.ts'
import { certificateOfHeader } from './certificate-header.ts'
import { everyHeader } from './every-header.ts'
import { isFromProxy } from './trusted-proxy.ts'

// Owns whose certificate a request was made with: the one of the TLS connection, or what a proxy of ours says in its header. That the
// sender holds its private key was proven in the handshake, by us or by the proxy; whether the certificate is good for anything is asked
// where it is used.

/** What proxies send for no certificate: nothing, or Apache's word for it. */
const NONE = new Set(['', '(null)'])

function fromHeader(request: FastifyRequest, header: string): X509Certificate | undefined {
  const [value, another] = everyHeader(request, header)
  if (another !== undefined) throw invalidRequest('More than one client certificate was sent', { detail: 'client_certificate.two', trace: { cause: 'client_auth.certificate' } })
  if (value === undefined || NONE.has(value.trim())) return undefined
  const certificate = certificateOfHeader(value.trim())
  if (certificate === undefined) throw invalidRequest('The client certificate cannot be read', { detail: 'client_certificate.header', trace: { cause: 'client_auth.certificate' } })
  return certificate
}

/**
 * The certificate that the sender of a request holds the key of. A header counts from proxies of ours only (security.md rule 22), and
 * where there is such a header nothing else of theirs does: a proxy's own certificate is not its clients'. Throws `invalid_request` for a
 * header that is not one certificate.
 */
export function clientCertificate(ctx: Context, request: FastifyRequest): X509Certificate | undefined {
  const { clientCertificateHeader: header } = ctx.config
  if (header !== undefined && isFromProxy(ctx, request)) return fromHeader(request, header)
  const { socket } = request.raw
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
}
