import { childrenOf, type XmlElement } from '../lib/xml.ts'
import { UpstreamFailure } from './connector.ts'
import type { MappedPerson } from './mapping.ts'
import { type AttributeValues, valuesOf } from './saml-attributes.ts'
import { ASSERTION, PERSISTENT } from './saml-names.ts'
import type { SamlSettings } from './saml-service.ts'
import { isSubject } from './subject.ts'

// Owns who the person of an assertion is: what the declaration names and nothing else, one value, the same one next time. A transient
// NameID is a new person each time, so it is nobody; and no other identifier is taken in the place of the one that is missing, or one
// person would become two when an institution starts to release more.

function persistentId(subject: XmlElement): readonly string[] {
  const [nameId, another] = childrenOf(subject, ASSERTION, 'NameID')
  if (nameId === undefined || another !== undefined || nameId.children.length > 0 || nameId.attributes.get('Format') !== PERSISTENT) return []
  return [nameId.text.trim()]
}

function missingClaims(required: SamlSettings['required'], { claims, groups }: MappedPerson): readonly string[] {
  return required.filter((claim) => (claim === 'groups' ? groups === undefined : claims[claim] === undefined))
}

/** The subject. Throws UpstreamFailure that names everything that the institution did not say. */
export function subjectOf(settings: SamlSettings, subject: XmlElement, values: AttributeValues, person: MappedPerson): string {
  const found = settings.subject === 'persistent' ? persistentId(subject) : valuesOf(values, settings.subject)
  const [id = '', another] = found
  const isUsable = another === undefined && isSubject(id)
  const missing = [...(isUsable ? [] : ['subject']), ...missingClaims(settings.required, person)]
  if (missing.length > 0) throw new UpstreamFailure('incomplete', `missing ${missing.join(' ')}`, { missing })
  return id
}
