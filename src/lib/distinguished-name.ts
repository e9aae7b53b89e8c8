import { type DerValue, DerFault, readDer, readObjectIdentifier, readOneDer } from './der.ts'

// Owns when two distinguished names are one: both are brought to the same normal form, whole, and compared as text. A part of a name is
// not the name: whoever may choose their common name could otherwise put somebody else's name into it.

/** The normal form: parts in the order of RFC 4514, types as object identifiers, values unescaped; parts of one set sorted. */
export type NormalName = string

type Value = readonly ['text' | 'der', string]
type Attribute = readonly [type: string, ...Value]

const LONGEST = 1000

/** RFC 4514 §3, RFC 4519, and what certificates of organizations carry beside. */
const TYPES: Readonly<Record<string, string>> = {
  cn: '2.5.4.3',
  sn: '2.5.4.4',
  serialnumber: '2.5.4.5',
  c: '2.5.4.6',
  l: '2.5.4.7',
  st: '2.5.4.8',
  street: '2.5.4.9',
  o: '2.5.4.10',
  ou: '2.5.4.11',
  title: '2.5.4.12',
  businesscategory: '2.5.4.15',
  postalcode: '2.5.4.17',
  givenname: '2.5.4.42',
  dnqualifier: '2.5.4.46',
  organizationidentifier: '2.5.4.97',
  uid: '0.9.2342.19200300.100.1.1',
  dc: '0.9.2342.19200300.100.1.25',
  emailaddress: '1.2.840.113549.1.9.1',
  jurisdictionlocalityname: '1.3.6.1.4.1.311.60.2.1.1',
  jurisdictionstateorprovincename: '1.3.6.1.4.1.311.60.2.1.2',
  jurisdictioncountryname: '1.3.6.1.4.1.311.60.2.1.3',
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true })

/** How the string types of ASN.1 are read; anything else is compared as it is encoded. */
const STRINGS: Readonly<Record<number, (content: Buffer) => string>> = {
  0x0c: (content) => utf8.decode(content),
  0x12: (content) => content.toString('latin1'),
  0x13: (content) => content.toString('latin1'),
  0x14: (content) => content.toString('latin1'),
  0x16: (content) => content.toString('latin1'),
  0x1e: (content) => utf16.decode(content),
}

function valueOf(value: DerValue): Value {
  const read = STRINGS[value.tag]
  return read === undefined ? ['der', value.raw.toString('hex')] : ['text', read(value.content)]
}

function normal(parts: readonly (readonly Attribute[])[]): NormalName {
  return JSON.stringify(parts.map((set) => set.map((attribute) => JSON.stringify(attribute)).toSorted()))
}

// Its type, "=", its value (hexadecimal DER, or characters of which the special ones are escaped), and what follows it.
const ATTRIBUTE = / *([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)=(#(?:[0-9A-Fa-f]{2})+|(?:(?![ #])(?:[^"+,;<>\\\0]|\\[ "#+,;<=>\\]|\\[0-9A-Fa-f]{2})+)?)([,+]|$)/uy
const ENDS_IN_SPACE = /(?:^|[^\\])(?:\\\\)* $/

function unescape(text: string): string {
  const bytes = [...text.matchAll(/\\([0-9A-Fa-f]{2})|\\(.)|([^\\]+)/gsu)].map(([, hex, escaped, plain]) => (hex === undefined ? Buffer.from(escaped ?? plain ?? '') : Buffer.from(hex, 'hex')))
  return utf8.decode(Buffer.concat(bytes))
}

function readValue(text: string): Value {
  if (text.startsWith('#')) return valueOf(readOneDer(Buffer.from(text.slice(1), 'hex')))
  if (ENDS_IN_SPACE.test(text)) throw new DerFault('a space that is not escaped')
  return ['text', unescape(text)]
}

function readText(text: string): NormalName {
  const parts: Attribute[][] = [[]]
  const pattern = new RegExp(ATTRIBUTE)
  for (let follows = ','; follows !== ''; ) {
    const [, name = '', value = '', next = ''] = pattern.exec(text) ?? []
    const type = /^\d/.test(name) ? name : TYPES[name.toLowerCase()]
    if (type === undefined) throw new DerFault('attribute')
    parts.at(-1)?.push([type, ...readValue(value)])
    if (next === ',') parts.push([])
    follows = next
  }
  return normal(parts)
}

/** The normal form of a name written as RFC 4514 has it (`CN=api,O=Example,C=NO`); nothing when it is not such a name. */
export function normalNameOfText(text: string): NormalName | undefined {
  if (text.length > LONGEST) return undefined
  try {
    return readText(text)
  } catch (error) {
    if (error instanceof DerFault || error instanceof TypeError) return undefined
    throw error
  }
}

/** The normal form of an encoded Name (RFC 5280 §4.1.2.4): there the whole comes first, in text the part. Throws DerFault, or TypeError for text that is not in its encoding. */
export function normalNameOfDer(name: DerValue): NormalName {
  const parts = readDer(name.content).map((set) =>
    readDer(set.content).map((attribute): Attribute => {
      const [type, value] = readDer(attribute.content)
      if (type === undefined || value === undefined) throw new DerFault('attribute')
      return [readObjectIdentifier(type.content), ...valueOf(value)]
    }),
  )
  return normal(parts.toReversed())
}
