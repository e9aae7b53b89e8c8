import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// A certificate authority of a test's own, and servers' certificates from it, by openssl.

export interface TestAuthority {
  /** PEM. */
  readonly certificate: string
  readonly certificateFile: string
  /** A server certificate for these names (`DNS:localhost`, `IP:127.0.0.1`). */
  issue(name: string, subjectAltName: string): { readonly certificateFile: string; readonly keyFile: string }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

/** Makes an authority in a folder. */
export function createAuthority(folder: string, name = 'authority'): TestAuthority {
  const file = (part: string) => join(folder, `${name}-${part}`)
  const [key, certificateFile] = [file('key.pem'), file('cert.pem')]
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificateFile, '-days', '2', '-subj', `/CN=${name}`)
  return {
    certificate: readFileSync(certificateFile, 'utf8'),
    certificateFile,
    issue: (server, subjectAltName) => {
      const [keyFile, request, signed, extensions] = ['key.pem', 'csr.pem', 'cert.pem', 'ext'].map((part) => file(`${server}-${part}`)) as [string, string, string, string]
      writeFileSync(extensions, `subjectAltName=${subjectAltName}\n`)
      openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile, '-out', request, '-subj', `/CN=${server}`)
      openssl('x509', '-req', '-in', request, '-CA', certificateFile, '-CAkey', key, '-CAcreateserial', '-out', signed, '-days', '2', '-extfile', extensions)
      return { certificateFile: signed, keyFile }
    },
  }
}
