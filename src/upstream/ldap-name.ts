// Owns reading of distinguished names (RFC 4514): which name stands at their front, and what lies below what. They are read to compare and
// to show; none is ever built of what a person typed.

const HEX = /^[0-9a-fA-F]{2}$/

function parts(text: string, separator: string): readonly string[] {
  const found: string[] = []
  let part = ''
  for (let i = 0; i < text.length; i++) {
    const sign = text.charAt(i)
    if (sign === '\\') part += sign + text.charAt(++i)
    else if (sign === separator) {
      found.push(part)
      part = ''
    } else part += sign
  }
  return [...found, part]
}

function unescapeValue(text: string): string {
  const bytes: Buffer[] = []
  for (let i = 0; i < text.length; i++) {
    const sign = text.charAt(i)
    const hex = text.slice(i + 1, i + 3)
    if (sign !== '\\') bytes.push(Buffer.from(String.fromCodePoint(text.codePointAt(i) ?? 0)))
    else if (HEX.test(hex)) bytes.push(Buffer.from(hex, 'hex'))
    else bytes.push(Buffer.from(String.fromCodePoint(text.codePointAt(i + 1) ?? 0)))
    if (sign === '\\') i += HEX.test(hex) ? 2 : 1
    if (/[\ud800-\udbff]/.test(text.charAt(i))) i += 1
  }
  return Buffer.concat(bytes).toString('utf8')
}

interface Pair {
  readonly attribute: string
  readonly value: string
}

function readPair(text: string): Pair | undefined {
  const at = text.indexOf('=')
  if (at < 1) return undefined
  // An unescaped space at either end is none of the value's.
  return { attribute: text.slice(0, at).trim().toLowerCase(), value: unescapeValue(text.slice(at + 1).replace(/^ +/, '').replace(/(?<!\\) +$/, '')) }
}

/** A name as its relative names, each one's pairs in their order; nothing when it cannot be read. */
function readName(dn: string): readonly (readonly Pair[])[] | undefined {
  if (dn.trim() === '') return []
  const names = parts(dn, ',').map((relative) => parts(relative, '+').map(readPair))
  const whole = names.map((pairs) => pairs.filter((pair) => pair !== undefined))
  return whole.some((pairs, i) => pairs.length !== names[i]?.length) ? undefined : whole
}

/** The value of an attribute in the first relative name, `cn=Staff\, all,ou=…` → `Staff, all`. */
export function frontValue(dn: string, attribute: string): string | undefined {
  return readName(dn)?.[0]?.find((pair) => pair.attribute === attribute.toLowerCase())?.value
}

function comparable(pairs: readonly Pair[]): string {
  return pairs.map(({ attribute, value }) => JSON.stringify([attribute, value.toLowerCase()])).toSorted().join()
}

/** Whether a name stands below a base, or is it. One that cannot be read stands nowhere. */
export function isBelow(dn: string, base: string): boolean {
  const [name, above] = [readName(dn), readName(base)]
  if (name === undefined || above === undefined || name.length < above.length) return false
  const tail = name.slice(name.length - above.length)
  return above.every((pairs, i) => comparable(pairs) === comparable(tail[i] ?? []))
}

/** The directory that a name belongs to: its domain components, or the whole name where it has none. */
export function directoryOf(dn: string): string {
  const name = readName(dn) ?? []
  const components = name.filter((pairs) => pairs[0]?.attribute === 'dc')
  return (components.length > 0 ? components : name).map((pairs) => pairs.map(({ attribute, value }) => `${attribute}=${value.toLowerCase()}`).join('+')).join(',')
}

/** Whether that is a name at all. */
export function isName(dn: string): boolean {
  return readName(dn) !== undefined
}
