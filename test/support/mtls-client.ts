import { Agent, fetch as send } from 'undici'
import type { TestCertificate } from './client-certificates.ts'

/** A fetch whose connections show a certificate, or none. `authority` in PEM issued the server's. */
export function certificateFetch(authority: string, shown: Pick<TestCertificate, 'pem' | 'keyPem'> | undefined): { readonly fetch: typeof fetch; readonly close: () => Promise<void> } {
  const agent = new Agent({ connect: { ca: authority, ...(shown === undefined ? {} : { cert: shown.pem, key: shown.keyPem }) } })
  // The same interface, of another copy of the same code.
  const through = ((input: string, init: Parameters<typeof send>[1]) => send(input, { ...init, dispatcher: agent })) as unknown as typeof fetch
  return { fetch: through, close: () => agent.close() }
}
