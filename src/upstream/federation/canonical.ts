// Owns exclusive XML canonicalisation without comments (W3C, xml-exc-c14n §3) over the events of a parser, piece by piece, so that a
// document of any size is hashed in the memory of its deepest element. Does not own where the events come from or what is done with the text.

export interface CanonicalAttribute {
  readonly name: string
  readonly prefix: string
  readonly local: string
  readonly uri: string
  readonly value: string
}

/** A start tag as a namespace-aware parser tells it. Namespace declarations may be among the attributes; they are not rendered as such. */
export interface StartTag {
  readonly name: string
  readonly prefix: string
  readonly attributes: Readonly<Record<string, CanonicalAttribute>>
  /** The declarations on this very element, prefix → URI. */
  readonly ns: Readonly<Record<string, string>>
}

export interface Canonicaliser {
  start(tag: StartTag): string
  end(name: string): string
  text(text: string): string
}

type Bindings = Readonly<Record<string, string>>

interface Level {
  readonly inScope: Bindings
  readonly rendered: Bindings
}

const NOTHING: Bindings = Object.freeze(Object.create(null) as Record<string, string>)

const TEXT: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' }
const VALUE: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '"': '&quot;', '\t': '&#x9;', '\n': '&#xA;', '\r': '&#xD;' }

function escapeText(text: string): string {
  return /[&<>\r]/.test(text) ? text.replaceAll(/[&<>\r]/g, (sign) => TEXT[sign] ?? sign) : text
}

function escapeValue(value: string): string {
  return /[&<"\t\n\r]/.test(value) ? value.replaceAll(/[&<"\t\n\r]/g, (sign) => VALUE[sign] ?? sign) : value
}

// By code points, as the specification orders; JavaScript compares halves of surrogate pairs.
function compare(a: string, b: string): number {
  if (a === b) return 0
  return /[\uD800-\uFFFF]/.test(a + b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : 1
}

function extended(bindings: Bindings, more: Bindings): Bindings {
  for (const _ in more) return Object.assign(Object.create(null) as Record<string, string>, bindings, more)
  return bindings
}

function isDeclaration({ prefix, name }: CanonicalAttribute): boolean {
  return prefix === 'xmlns' || name === 'xmlns'
}

/**
 * Canonicalises the element whose start tag comes first, and all within. `inclusive` are the prefixes of an InclusiveNamespaces list ('' is
 * the default namespace); `around` are the declarations in force outside of the element.
 */
export function canonicaliser(inclusive: readonly string[] = [], around: Bindings = NOTHING): Canonicaliser {
  const levels: Level[] = [{ inScope: around, rendered: NOTHING }]
  return {
    start: ({ name, prefix, attributes, ns }) => {
      const parent = levels.at(-1) ?? { inScope: around, rendered: NOTHING }
      const inScope = extended(parent.inScope, ns)
      const own: CanonicalAttribute[] = []
      const used = new Set<string>([prefix])
      for (const key in attributes) {
        const attribute = attributes[key]
        if (attribute === undefined || isDeclaration(attribute)) continue
        own.push(attribute)
        if (attribute.prefix !== '') used.add(attribute.prefix)
      }
      for (const listed of inclusive) if (inScope[listed] !== undefined) used.add(listed)
      let text = `<${name}`
      let declared: Record<string, string> | undefined
      for (const each of used.size === 1 ? used : [...used].sort(compare)) {
        const uri = inScope[each] ?? ''
        if (each === 'xml' || (parent.rendered[each] ?? '') === uri) continue
        text += each === '' ? ` xmlns="${escapeValue(uri)}"` : ` xmlns:${each}="${escapeValue(uri)}"`
        declared ??= Object.create(null) as Record<string, string>
        declared[each] = uri
      }
      if (own.length > 1) own.sort((a, b) => compare(a.uri, b.uri) || compare(a.local, b.local))
      for (const attribute of own) text += ` ${attribute.name}="${escapeValue(attribute.value)}"`
      levels.push({ inScope, rendered: declared === undefined ? parent.rendered : extended(parent.rendered, declared) })
      return `${text}>`
    },
    end: (name) => {
      levels.pop()
      return `</${name}>`
    },
    text: escapeText,
  }
}
