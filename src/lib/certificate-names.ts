import type { X509Certificate } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import { DerFault, type DerValue, readDer, readObjectIdentifier, readOneDer } from './der.ts'
import { type NormalName, normalNameOfDer } from './distinguished-name.ts'

// Owns the names in a certificate (RFC 5280 §4.1.2.6, §4.2.1.6), out of its bytes: the texts that OpenSSL prints of them join and escape
// values, and were the way to names that nobody had signed.

/** The kinds of alternative names that stand for machines and their owners. */
export type AlternativeNameKind = 'dns' | 'uri' | 'ip' | 'email'

const EXPLICIT_0 = 0xa0
const EXTENSIONS = 0xa3
const OCTET_STRING = 0x04
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
const TAGS: Readonly<Record<AlternativeNameKind, number>> = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 }
/** Where the subject stands behind the version: serial number, algorithm, issuer, validity, subject. */
const SUBJECT = 4

function bodyOf(certificate: X509Certificate): readonly DerValue[] {
  const [body] = readDer(readOneDer(certificate.raw).content)
  if (body === undefined) throw new DerFault('certificate')
  return readDer(body.content)
}

// A reader of ours that stumbles over what OpenSSL took must not fail the server.
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof DerFault || error instanceof TypeError) return undefined
    throw error
  }
}

/** The subject in its normal form; nothing when it is empty or cannot be read. */
export function subjectName(certificate: X509Certificate): NormalName | undefined {
  return orNothing(() => {
    const subject = bodyOf(certificate).filter(({ tag }) => tag !== EXPLICIT_0)[SUBJECT]
    return subject === undefined || subject.content.length === 0 ? undefined : normalNameOfDer(subject)
  })
}

function namesOf(certificate: X509Certificate): readonly DerValue[] {
  const extensions = bodyOf(certificate).find(({ tag }) => tag === EXTENSIONS)
  if (extensions === undefined) return []
  const found = readDer(readOneDer(extensions.content).content)
    .map(({ content }) => readDer(content))
    .find(([type]) => type !== undefined && readObjectIdentifier(type.content) === SUBJECT_ALTERNATIVE_NAME)
  const value = found?.find(({ tag }) => tag === OCTET_STRING)
  return value === undefined ? [] : readDer(readOneDer(value.content).content)
}

/** The alternative names of a kind, each in the form that `normalAlternativeName` gives. */
export function alternativeNames(certificate: X509Certificate, kind: AlternativeNameKind): readonly string[] {
  const names = orNothing(() => namesOf(certificate)) ?? []
  return names
    .filter(({ tag }) => tag === TAGS[kind])
    .flatMap(({ content }) => normalAlternativeName(kind, kind === 'ip' ? addressOf(content) : content.toString('latin1')) ?? [])
}

function addressOf(content: Buffer): string {
  return content.length === 4 || content.length === 16 ? ipaddr.fromByteArray([...content]).toString() : ''
}

const HOST = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/
const MAIL = /^[\x21-\x3f\x41-\x7e]{1,64}@[\x21-\x3f\x41-\x7e]{1,253}$/
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]{1,1000}$/

const NORMAL: Readonly<Record<AlternativeNameKind, (text: string) => string | undefined>> = {
  // No wildcards: a certificate for every host of a domain is none of one client.
  dns: (text) => (HOST.test(text.toLowerCase()) ? text.toLowerCase() : undefined),
  uri: (text) => (URI.test(text) ? text : undefined),
  ip: (text) => (ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%')) ? ipaddr.parse(text).toString() : undefined),
  email: (text) => (MAIL.test(text) ? `${text.slice(0, text.indexOf('@'))}${text.slice(text.indexOf('@')).toLowerCase()}` : undefined),
}

/** A name in the one form in which it is compared; nothing when it is no name of that kind. */
export function normalAlternativeName(kind: AlternativeNameKind, text: string): string | undefined {
  return NORMAL[kind](text)
}
