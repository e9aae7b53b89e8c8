import type { X509Certificate } from 'node:crypto'
import { readCertificate } from '../lib/certificate.ts'

// Owns the forms in which proxies write a client's certificate into a header: RFC 9440 §2.1 (`:base64:`), PEM as nginx and Amazon escape
// it, plain base64 of HAProxy and Traefik, and Envoy's list. Whose header it is, is not its business.

const FIELD = /^:([A-Za-z0-9+/]+={0,2}):$/
const BARE = /^[A-Za-z0-9+/]+={0,2}$/
const PEM = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/
/** One member of an element of Envoy's list: its name, its value, and what follows it. */
const MEMBER = /([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^;,"]*)([;,]|$)/y

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** The `Cert` member of a list with one element: with more of them, it does not say whose request it is. */
function envoyCertificate(value: string): string {
  const found: string[] = []
  const member = new RegExp(MEMBER)
  for (let follows = ';'; follows === ';'; ) {
    const [, name, text = '', next = ','] = member.exec(value) ?? []
    if (next === ',') return ''
    if (name?.toLowerCase() === 'cert') found.push(text.replaceAll('"', ''))
    follows = next
  }
  return found.length === 1 ? (found[0] ?? '') : ''
}

function encodedIn(value: string): string | undefined {
  if (BARE.test(value)) return value
  const field = FIELD.exec(value)?.[1]
  if (field !== undefined) return field
  const pem = /^[A-Za-z]+=/.test(value) ? envoyCertificate(value) : value
  return PEM.exec(unescaped(pem))?.[1]
}

/** The one certificate of a header's value; nothing when it is none, or more than one. */
export function certificateOfHeader(value: string): X509Certificate | undefined {
  const encoded = encodedIn(value)
  return encoded === undefined ? undefined : readCertificate(Buffer.from(encoded, 'base64'))
}
