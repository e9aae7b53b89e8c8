import type { Entry } from 'ldapts'
import { claimTargets } from './mapping.ts'
import { isSubject } from './subject.ts'

// Owns reading of an entry: what its attributes are for us, and what identifies it for good. Attribute names have no case; a value is a
// text or it is left out.

type Claim = Exclude<(typeof claimTargets)[number], 'groups'>
/** What an attribute may be for us. Groups are read in another way (ldap-groups.ts). */
export const claimNames = claimTargets.filter((name): name is Claim => name !== 'groups')

/** Their attribute → our claim, in the order in which they are asked for. */
export type AttributeMapping = Readonly<Record<string, Claim>>

/** What directories usually call it. The first one that a person has counts. */
const USUAL: AttributeMapping = {
  displayName: 'name',
  cn: 'name',
  givenName: 'given_name',
  sn: 'family_name',
  mail: 'email',
  uid: 'preferred_username',
  sAMAccountName: 'preferred_username',
  telephoneNumber: 'phone_number',
  preferredLanguage: 'locale',
}

/** A declared mapping with the usual one for what it does not name. */
export function wholeMapping(declared: AttributeMapping): AttributeMapping {
  const named = new Set(Object.values(declared))
  return { ...declared, ...Object.fromEntries(Object.entries(USUAL).filter(([, claim]) => !named.has(claim))) }
}

function valueOf(entry: Entry, attribute: string): Entry[string] | undefined {
  const name = Object.keys(entry).find((key) => key !== 'dn' && key.toLowerCase() === attribute.toLowerCase())
  return name === undefined ? undefined : entry[name]
}

/** The texts of an attribute. */
export function textsOf(entry: Entry, attribute: string): readonly string[] {
  const value = valueOf(entry, attribute)
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string' && one !== '')
}

/** The attributes of a person under the names of our claims. */
export function claimsOf(entry: Entry, mapping: AttributeMapping): Readonly<Record<string, unknown>> {
  const claims: Record<string, unknown> = {}
  for (const [attribute, claim] of Object.entries(mapping)) {
    const [first] = textsOf(entry, attribute)
    if (first === undefined || claims[claim] !== undefined) continue
    claims[claim] = claim === 'address' ? { formatted: first } : claim.endsWith('_verified') ? first.toUpperCase() === 'TRUE' : first
  }
  return claims
}

const UUID_BYTES = 16

/** Active Directory's identifier as text: its first three groups are little-endian (MS-DTYP §2.3.4). */
export function guidText(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  const backwards = (from: number, to: number): string => (hex.slice(from, to).match(/../g) ?? []).toReversed().join('')
  return [backwards(0, 8), backwards(8, 12), backwards(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Attributes that identify an entry for good, whatever it is renamed to and wherever it is moved (RFC 4530; Active Directory). */
const LASTING = ['entryUUID', 'objectGUID'] as const
export const BINARY_ATTRIBUTES: readonly string[] = ['objectGUID']

/** What identifies a person: the declared attribute, else one that lasts. Never the name, which is given to somebody else one day. */
export function subjectOf(entry: Entry, declared: string | undefined): string | undefined {
  for (const attribute of declared === undefined ? LASTING : [declared]) {
    const value = valueOf(entry, attribute)
    const one: unknown = Array.isArray(value) ? (value.length === 1 ? value[0] : undefined) : value
    if (Buffer.isBuffer(one) && one.length === UUID_BYTES) return guidText(one)
    if (isSubject(one)) return one
  }
  return undefined
}

/** The attributes to ask for. */
export function wantedAttributes(mapping: AttributeMapping, identifier: string | undefined, more: readonly string[]): string[] {
  return [...new Set([...Object.keys(mapping), ...(identifier === undefined ? LASTING : [identifier]), ...more])]
}
