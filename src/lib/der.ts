// Reads DER (X.690) as far as certificates use it: low tags, definite lengths. What a value means is its reader's business.

/** Bytes that are not DER, or not what was looked for. */
export class DerFault extends Error {}

export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  /** Tag, length and content. */
  readonly raw: Buffer
}

const MOST_LENGTH_BYTES = 3

function lengthAt(bytes: Buffer, at: number): { readonly length: number; readonly start: number } {
  const first = bytes[at]
  if (first === undefined) throw new DerFault('no length')
  if (first < 0x80) return { length: first, start: at + 1 }
  const count = first & 0x7f
  if (count === 0 || count > MOST_LENGTH_BYTES || at + 1 + count > bytes.length) throw new DerFault('length')
  return { length: bytes.readUIntBE(at + 1, count), start: at + 1 + count }
}

/** The values that follow one another in these bytes. Throws DerFault. */
export function readDer(bytes: Buffer): readonly DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0
    if ((tag & 0x1f) === 0x1f) throw new DerFault('tag')
    const { length, start } = lengthAt(bytes, at + 1)
    const end = start + length
    if (end > bytes.length) throw new DerFault('content ends early')
    values.push({ tag, content: bytes.subarray(start, end), raw: bytes.subarray(at, end) })
    at = end
  }
  return values
}

/** The one value that these bytes are. Throws DerFault. */
export function readOneDer(bytes: Buffer): DerValue {
  const [value, another] = readDer(bytes)
  if (value === undefined || another !== undefined) throw new DerFault('not one value')
  return value
}

/** An object identifier in its dotted form (X.690 §8.19). Throws DerFault. */
export function readObjectIdentifier(content: Buffer): string {
  const arcs: bigint[] = []
  let arc = 0n
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f)
    if ((byte & 0x80) !== 0) continue
    arcs.push(arc)
    arc = 0n
  }
  const [first, ...rest] = arcs
  if (first === undefined || ((content.at(-1) ?? 0) & 0x80) !== 0) throw new DerFault('object identifier')
  const root = first < 80n ? first / 40n : 2n
  return [root, first - root * 40n, ...rest].join('.')
}
