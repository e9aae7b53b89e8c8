import { SaxesParser } from 'saxes'

// The one reader of other people's XML: namespaces, no document type, no entities but the five that XML has, and bounds on everything that
// can be large. It reads into plain elements; it neither checks signatures nor writes XML.

export interface XmlElement {
  readonly uri: string
  readonly local: string
  /** Attributes by local name, or by `{namespace}local` where they have one. Declarations of namespaces are left out. */
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** The text that stands directly in it, together. */
  readonly text: string
}

/** Why a text was not taken. For the operator; holds no word of the text. */
export class XmlFault extends Error {}

export interface XmlLimits {
  /** Characters. */
  readonly longest: number
  /** Comments and processing instructions are refused: what two readers may see differently has no place where a signature counts. */
  readonly plain?: boolean
  /** Elements; 200,000 if not said. */
  readonly most?: number
}

const DEEPEST = 64
const MOST_ELEMENTS = 200_000
const MOST_ATTRIBUTES = 64
const XMLNS = 'http://www.w3.org/2000/xmlns/'

interface Growing {
  readonly uri: string
  readonly local: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: Growing[]
  text: string
}

/** A tag as the parser tells it. */
export interface XmlTag {
  readonly uri: string
  readonly local: string
  readonly attributes: Readonly<Record<string, { readonly uri: string; readonly local: string; readonly value: string }>>
}

/** Builds elements out of a parser's events: whoever streams a large document builds only the parts that it wants. */
export interface XmlBuilder {
  open(tag: XmlTag): void
  text(text: string): void
  /** The element when its outermost tag closes, else nothing. */
  close(): XmlElement | undefined
}

function attributesOf(tag: XmlTag): ReadonlyMap<string, string> {
  const all = Object.values(tag.attributes)
  if (all.length > MOST_ATTRIBUTES) throw new XmlFault('too many attributes')
  return new Map(all.filter(({ uri }) => uri !== XMLNS).map(({ uri, local, value }) => [uri === '' ? local : `{${uri}}${local}`, value]))
}

/** Builds one element after the other. Throws XmlFault when one is too deep or too large. */
export function createXmlBuilder(most = MOST_ELEMENTS): XmlBuilder {
  const stack: Growing[] = []
  let count = 0
  return {
    open: (tag) => {
      if (stack.length === 0) count = 0
      if (stack.length >= DEEPEST) throw new XmlFault('too deep')
      if (++count > most) throw new XmlFault('too many elements')
      const element: Growing = { uri: tag.uri, local: tag.local, attributes: attributesOf(tag), children: [], text: '' }
      stack.at(-1)?.children.push(element)
      stack.push(element)
    },
    text: (text) => {
      const innermost = stack.at(-1)
      if (innermost !== undefined) innermost.text += text
    },
    close: () => {
      const element = stack.pop()
      return stack.length === 0 ? element : undefined
    },
  }
}

/** Reads a whole document to its root. Throws XmlFault. */
export function parseXml(text: string, { longest, plain, most }: XmlLimits): XmlElement {
  if (text.length > longest) throw new XmlFault('too long')
  // Before any parser sees it: a document type is how small documents become large ones, and how readers come to see different things.
  if (/<!(?!--|\[CDATA\[)/.test(text)) throw new XmlFault('document type')
  const builder = createXmlBuilder(most)
  const parser = new SaxesParser({ xmlns: true })
  let root: XmlElement | undefined
  const refuse = (what: string): (() => never) => () => {
    throw new XmlFault(what)
  }
  parser.on('error', refuse('not well-formed'))
  parser.on('doctype', refuse('document type'))
  if (plain === true) {
    parser.on('comment', refuse('comment'))
    parser.on('processinginstruction', refuse('processing instruction'))
  }
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) throw new XmlFault('encoding')
  })
  parser.on('opentag', (tag) => builder.open(tag))
  parser.on('text', (part) => builder.text(part))
  parser.on('cdata', (part) => builder.text(part))
  parser.on('closetag', () => {
    root = builder.close() ?? root
  })
  parser.write(text).close()
  if (root === undefined) throw new XmlFault('empty')
  return root
}

/** The children of that name, in order. */
export function childrenOf(element: XmlElement, uri: string, local: string): readonly XmlElement[] {
  return element.children.filter((child) => child.uri === uri && child.local === local)
}

/** The element itself and everything in it. */
export function* everyElement(element: XmlElement): Generator<XmlElement> {
  yield element
  for (const child of element.children) yield* everyElement(child)
}
