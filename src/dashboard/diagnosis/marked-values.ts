import type { ComparedRow, MarkedValue } from '../../http/diagnosis-views.ts'
import type { Compared } from '../../protocol/trace.ts'

function commonStart(a: string, b: string): number {
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  return i
}

function commonEnd(a: string, b: string, most: number): number {
  let i = 0
  while (i < most && a.at(-1 - i) === b.at(-1 - i)) i++
  return i
}

function whole(value: string | undefined): MarkedValue | undefined {
  return value === undefined ? undefined : { start: value, different: '', end: '' }
}

/** Two compared values with the piece marked in which they differ. Only addresses are alike enough for that to help. */
export function markedRow({ name, sent, expected }: Compared): ComparedRow {
  if (sent === undefined || expected === undefined || !sent.includes('://')) return { name, sent: whole(sent), expected: whole(expected) }
  const start = commonStart(sent, expected)
  const end = commonEnd(sent, expected, Math.min(sent.length, expected.length) - start)
  const cut = (value: string): MarkedValue => ({ start: value.slice(0, start), different: value.slice(start, value.length - end), end: value.slice(value.length - end) })
  return { name, sent: cut(sent), expected: cut(expected) }
}
