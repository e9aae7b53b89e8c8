import { childrenOf, type XmlElement } from '../lib/xml.ts'
import type { ClaimsMapping } from './mapping.ts'
import { ASSERTION } from './saml-names.ts'

// Owns what attributes are called: by their formal names (eduPerson, X.500, SAML subject identifiers, Microsoft), and what each is here if
// the declaration says nothing. It reads values; who somebody is and what is kept of them is decided elsewhere.

/** Names that people use for attributes, with the formal ones. */
export const ATTRIBUTE_NAMES: Readonly<Record<string, string>> = {
  'subject-id': 'urn:oasis:names:tc:SAML:attribute:subject-id',
  'pairwise-id': 'urn:oasis:names:tc:SAML:attribute:pairwise-id',
  eduPersonPrincipalName: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6',
  eduPersonUniqueId: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.13',
  eduPersonTargetedID: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.10',
  eduPersonScopedAffiliation: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.9',
  eduPersonAffiliation: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.1',
  eduPersonPrimaryAffiliation: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.5',
  eduPersonNickname: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.2',
  eduPersonOrcid: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.16',
  isMemberOf: 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1',
  displayName: 'urn:oid:2.16.840.1.113730.3.1.241',
  cn: 'urn:oid:2.5.4.3',
  sn: 'urn:oid:2.5.4.4',
  givenName: 'urn:oid:2.5.4.42',
  mail: 'urn:oid:0.9.2342.19200300.100.1.3',
  uid: 'urn:oid:0.9.2342.19200300.100.1.1',
  telephoneNumber: 'urn:oid:2.5.4.20',
  preferredLanguage: 'urn:oid:2.16.840.1.113730.3.1.39',
}

const FRIENDLY = new Map(Object.entries(ATTRIBUTE_NAMES).map(([friendly, formal]) => [formal, friendly]))

const WS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims'

/** Our claims, each with the attributes that say it, the best first. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  name: ['displayName', 'cn', 'http://schemas.microsoft.com/identity/claims/displayname'],
  given_name: ['givenName', `${WS}/givenname`],
  family_name: ['sn', `${WS}/surname`],
  nickname: ['eduPersonNickname'],
  email: ['mail', `${WS}/emailaddress`],
  preferred_username: ['eduPersonPrincipalName', `${WS}/name`],
  phone_number: ['telephoneNumber'],
  locale: ['preferredLanguage'],
  groups: ['isMemberOf', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups'],
}

/** What the person is at the institution, by the names of REFEDS. */
const AFFILIATIONS: Readonly<Record<string, string>> = {
  eduperson_scoped_affiliation: 'eduPersonScopedAffiliation',
  eduperson_affiliation: 'eduPersonAffiliation',
  eduperson_primary_affiliation: 'eduPersonPrimaryAffiliation',
  eduperson_principal_name: 'eduPersonPrincipalName',
}

/** Attributes whose values end in a domain of the institution: it speaks for its own domains only (shibmd:Scope). */
const SCOPED: ReadonlySet<string> = new Set(['subject-id', 'pairwise-id', 'eduPersonPrincipalName', 'eduPersonUniqueId', 'eduPersonScopedAffiliation'])

export type AttributeValues = ReadonlyMap<string, readonly string[]>

// eduPersonTargetedID holds a NameID in the place of a text.
function valueOf(element: XmlElement): string {
  const [nameId] = childrenOf(element, ASSERTION, 'NameID')
  return (nameId ?? element).text.trim()
}

function isInScope(name: string, value: string, scopes: readonly string[]): boolean {
  return scopes.length === 0 || !SCOPED.has(name) || scopes.includes(value.slice(value.lastIndexOf('@') + 1).toLowerCase())
}

/**
 * The values of attributes, by the name that people use for it, else by the formal one; one under a friendly name of its own counts only
 * where no other has that name. Scoped values of domains that the provider does not have are left out.
 */
export function readAttributes(attributes: readonly XmlElement[], scopes: readonly string[]): AttributeValues {
  const values = new Map<string, string[]>()
  const add = (name: string, attribute: XmlElement): void => {
    const own = childrenOf(attribute, ASSERTION, 'AttributeValue').map(valueOf).filter((value) => value !== '' && isInScope(name, value, scopes))
    if (own.length > 0) values.set(name, [...(values.get(name) ?? []), ...own])
  }
  const named = attributes.map((attribute) => ({ attribute, name: attribute.attributes.get('Name') ?? '', friendly: attribute.attributes.get('FriendlyName') ?? '' }))
  for (const { attribute, name } of named) add(FRIENDLY.get(name) ?? name, attribute)
  for (const { attribute, friendly } of named.filter(({ name, friendly: own }) => own !== '' && !FRIENDLY.has(name))) if (!values.has(friendly)) add(friendly, attribute)
  return values
}

/** The values of an attribute by either of its names. */
export function valuesOf(values: AttributeValues, name: string): readonly string[] {
  return values.get(FRIENDLY.get(name) ?? name) ?? []
}

/** Attributes as the claims that the mapping speaks of: our own names from where they usually are, and theirs as they stand. */
export function toClaims(values: AttributeValues, mapping: ClaimsMapping): Readonly<Record<string, unknown>> {
  const claims: Record<string, unknown> = {}
  const put = (name: string, found: readonly string[], isList: boolean): void => {
    if (found.length > 0) claims[name] = isList ? found : found[0]
  }
  for (const [ours, sources] of Object.entries(SOURCES)) {
    const source = sources.find((name) => valuesOf(values, name).length > 0)
    if (source !== undefined) put(ours, valuesOf(values, source), ours === 'groups')
  }
  for (const [claim, attribute] of Object.entries(AFFILIATIONS)) put(claim, valuesOf(values, attribute), true)
  for (const [theirs, ours] of Object.entries(mapping)) put(theirs, valuesOf(values, theirs), ours === 'groups')
  return claims
}
