import type { KeyObject } from 'node:crypto'
import type { SaxesTagNS } from 'saxes'
import { childrenOf, createXmlBuilder, type XmlElement, XmlFault } from '../../lib/xml.ts'
import { durationSeconds, METADATA, type ReadMetadataOptions } from '../saml-metadata.ts'
import { type FederatedEntity, readFederatedEntity } from './entity.ts'
import { MetadataRefused } from './refusal.ts'
import { type DocumentListener, readSignedDocument } from './signed-document.ts'

// Owns reading a federation's list (SAML 2.0 Metadata §2.3.1): one entity after the other, never two in memory. What it hands on must be
// kept aside until `close` has said that all of it was signed.

const REGISTRATION = 'urn:oasis:names:tc:SAML:metadata:rpi'
const MOST_ENTITIES = 50_000

/** What the list says of itself. Times in milliseconds since the epoch. */
export interface AggregateSummary {
  readonly validUntil: number
  readonly publishedAt: number | undefined
  /** Seconds. */
  readonly cacheSeconds: number | undefined
  /** Identity providers that can be used, each once. */
  readonly providers: number
  /** Entities that are none, cannot be used, or came a second time. */
  readonly others: number
}

export interface AggregateReader {
  write(piece: string): void
  /** Throws MetadataRefused unless everything was signed and is valid now. */
  close(): AggregateSummary
}

export interface AggregateOptions extends ReadMetadataOptions {
  readonly keys: readonly KeyObject[]
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly found: (entity: FederatedEntity) => void
}

function isNamed(tag: SaxesTagNS, name: string): boolean {
  return tag.uri === METADATA && tag.local === name
}

function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

function requireValidity(root: SaxesTagNS, now: number): number {
  const until = timeOf(root.attributes['validUntil']?.value)
  if (until === undefined) throw new MetadataRefused('the document does not say until when it is valid')
  if (until <= now) throw new MetadataRefused('the document is not valid any more')
  return until
}

function publishedAt(extensions: XmlElement): number | undefined {
  return childrenOf(extensions, REGISTRATION, 'PublicationInfo').map(({ attributes }) => timeOf(attributes.get('creationInstant'))).find((time) => time !== undefined)
}

/** Reads a list that one of the keys signed. `found` is called with each identity provider. */
export function readAggregate({ keys, now, found, ...options }: AggregateOptions): AggregateReader {
  const builder = createXmlBuilder()
  const seen = new Set<string>()
  let root: SaxesTagNS | undefined
  let published: number | undefined
  let building = 0
  let expired = 0
  let entities = 0

  function take(element: XmlElement): void {
    if (element.local === 'Extensions') {
      published ??= publishedAt(element)
      return
    }
    if (++entities > MOST_ENTITIES) throw new MetadataRefused(`the document has more than ${MOST_ENTITIES} entities`)
    const entity = expired > 0 ? undefined : readFederatedEntity(element, now, options)
    // The id that we made, not the entity's: that is a piece of the text it was read from, and would keep all of it in memory.
    if (entity === undefined || seen.has(entity.document.provider_id)) return
    seen.add(entity.document.provider_id)
    found(entity)
  }

  const listener: DocumentListener = {
    open: (tag) => {
      if (root === undefined) {
        if (!isNamed(tag, 'EntitiesDescriptor')) throw new MetadataRefused('the document is not a list of entities')
        root = tag
      } else if (building === 0 && isNamed(tag, 'EntitiesDescriptor')) {
        // A group within: what it says of its validity holds for its entities.
        if (expired > 0 || (timeOf(tag.attributes['validUntil']?.value) ?? Infinity) <= now) expired++
      } else if (building > 0 || isNamed(tag, 'EntityDescriptor') || isNamed(tag, 'Extensions')) {
        building++
        builder.open(tag)
      } else throw new MetadataRefused('the document has something else than entities')
    },
    text: (text) => {
      if (building > 0) builder.text(text)
    },
    close: (tag) => {
      if (building === 0) {
        if (expired > 0 && tag !== root) expired--
        return
      }
      building--
      const element = builder.close()
      if (element !== undefined) take(element)
    },
  }
  const reader = readSignedDocument(keys, listener)
  const bounded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw error instanceof XmlFault ? new MetadataRefused('an entity is too large') : error
    }
  }
  return {
    write: (piece) => bounded(() => reader.write(piece)),
    close: () => {
      bounded(() => reader.close())
      if (root === undefined) throw new MetadataRefused('the document is not complete')
      const validUntil = requireValidity(root, now)
      return { validUntil, publishedAt: published, cacheSeconds: durationSeconds(root.attributes['cacheDuration']?.value), providers: seen.size, others: entities - seen.size }
    },
  }
}
