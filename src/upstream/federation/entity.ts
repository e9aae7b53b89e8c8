import { canParseUrl } from '../../lib/can-parse-url.ts'
import { sha256 } from '../../lib/digest.ts'
import { childrenOf, type XmlElement } from '../../lib/xml.ts'
import { METADATA, readSamlEntity, type ReadMetadataOptions, SamlMetadataFault, validUntilOf } from '../saml-metadata.ts'
import type { SamlEntityFacts } from '../saml-entities.ts'
import { countryOf } from './country.ts'
import { logoOf, namesOf, searchWordsOf } from './user-interface.ts'

// Owns how an entity of a federation becomes a provider: what a declaration would have said of it. The federation vouches that an entity is
// who it says; names, words and pictures are the entity's own text, and bounded and cleaned as a stranger's.

/** A provider's declaration, as a federation makes it. Plain JSON: it travels between processes. */
export interface FederatedDocument {
  readonly provider_id: string
  readonly protocol: 'saml'
  readonly name: Readonly<Record<string, string>>
  readonly keywords: readonly string[]
  readonly disabled: boolean
  readonly country?: string
  readonly realms?: readonly string[]
  readonly hidden?: boolean
}

export interface FederatedEntity {
  readonly document: FederatedDocument
  readonly facts: SamlEntityFacts
  /** An https or data address of a picture. */
  readonly logo: string | undefined
}

const ATTRIBUTES = 'urn:oasis:names:tc:SAML:metadata:attribute'
const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion'
const CATEGORY = 'http://macedir.org/entity-category'
const HIDDEN = 'http://refeds.org/category/hide-from-discovery'
const MOST_REALMS = 100
const LONGEST_SLUG = 40
const ID_BYTES = 11

/** The name of a federation's provider here: readable, and by its hash (88 bits) the entity's alone, whoever publishes it. */
export function federatedProviderId(entityId: string): string {
  const readable = canParseUrl(entityId) ? new URL(entityId).hostname : entityId
  const slug = readable.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-').replace(/^[^a-z0-9]+/, '').slice(0, LONGEST_SLUG).replace(/[^a-z0-9]+$/, '')
  return `${slug === '' ? 'idp' : slug}-${sha256(entityId).subarray(0, ID_BYTES).toString('hex')}`
}

function isHidden(entity: XmlElement): boolean {
  const attributes = childrenOf(entity, METADATA, 'Extensions').flatMap((extensions) => childrenOf(extensions, ATTRIBUTES, 'EntityAttributes')).flatMap((all) => childrenOf(all, ASSERTION, 'Attribute'))
  return attributes
    .filter((attribute) => attribute.attributes.get('Name') === CATEGORY)
    .some((attribute) => childrenOf(attribute, ASSERTION, 'AttributeValue').some((value) => value.text.trim() === HIDDEN))
}

function toDocument(entity: XmlElement, facts: SamlEntityFacts): FederatedDocument {
  const country = countryOf(entity, facts.scopes)
  const name = namesOf(entity)
  const providerId = federatedProviderId(facts.entity_id)
  return {
    provider_id: providerId,
    protocol: 'saml',
    name: Object.keys(name).length > 0 ? name : { en: providerId.slice(0, -1 - ID_BYTES * 2) },
    keywords: searchWordsOf(entity),
    disabled: false,
    ...(country === undefined ? {} : { country }),
    ...(facts.scopes.length === 0 ? {} : { realms: facts.scopes.slice(0, MOST_REALMS) }),
    ...(isHidden(entity) ? { hidden: true } : {}),
  }
}

/** An EntityDescriptor as a provider; nothing for what is no identity provider, cannot be used, or was valid until before `now` (milliseconds). */
export function readFederatedEntity(entity: XmlElement, now: number, options: ReadMetadataOptions): FederatedEntity | undefined {
  const until = validUntilOf([entity, ...childrenOf(entity, METADATA, 'IDPSSODescriptor')])
  if (until !== undefined && until.getTime() <= now) return undefined
  try {
    const facts = readSamlEntity(entity, options)
    return facts === undefined ? undefined : { document: toDocument(entity, facts), facts, logo: logoOf(entity) }
  } catch (error) {
    if (error instanceof SamlMetadataFault) return undefined
    throw error
  }
}
