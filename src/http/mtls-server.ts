import { createServer, type Server } from 'node:https'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { answerUnreadable, SOCKET_LIMITS } from './server.ts'

// The second door of the same application: TLS that asks clients for a certificate (RFC 8705 §7.2). It stands on a port of its own, since a
// browser that is asked for one shows people a dialogue that they can make nothing of.

/** What RFC 9325 §4.2 recommends, and nothing else. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
]

/**
 * The server of PORTNER_MTLS_PORT, not listening yet; nothing without one. Certificates that nobody we know issued come in too: a client's
 * own may be registered, and who must have issued the others is asked at its authentication, with our clock.
 */
export function createMtlsServer(app: FastifyInstance, { mtlsPort, tlsCertificate, tlsKey }: Config): Server | undefined {
  if (mtlsPort === undefined || tlsCertificate === undefined || tlsKey === undefined) return undefined
  const options = { cert: tlsCertificate, key: tlsKey, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2', ciphers: CIPHERS.join(':'), honorCipherOrder: true } as const
  const { http, connectionTimeout, ...times } = SOCKET_LIMITS
  const server = createServer({ ...options, ...http, ...times, handshakeTimeout: connectionTimeout }, (request, response) => app.routing(request, response))
  server.setTimeout(connectionTimeout)
  server.on('clientError', answerUnreadable)
  return server
}
