import type { X509Certificate } from 'node:crypto'
import { subjectLine } from '../../lib/certificate.ts'
import { invalidClient } from '../../protocol/error.ts'
import type { Trace } from '../../protocol/trace.ts'
import type { PresentedCredentials } from './method.ts'

// What the methods share that send nothing in the request but who the client is.

export function hasIdAlone({ authorization, form }: PresentedCredentials): boolean {
  return authorization === undefined && form.single.has('client_id') && !form.single.has('client_secret') && !form.single.has('client_assertion')
}

export function idOf({ form }: PresentedCredentials): string {
  const clientId = form.single.get('client_id')
  if (clientId === undefined) throw invalidClient('Client authentication is missing', { trace: { cause: 'client_auth.missing', compared: [{ name: 'client_id' }] } })
  return clientId
}

/** A certificate that is not the registered one, or was not issued by an authority that is trusted here. */
export function wrongCertificate(certificate: X509Certificate | undefined, expected: string | undefined): Trace {
  return { cause: 'client_auth.certificate', compared: [{ name: 'certificate', sent: certificate && subjectLine(certificate), expected }] }
}
