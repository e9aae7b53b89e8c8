import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, type Node } from 'yaml'
import type { Fault } from './fault.ts'
import type { SourceDocument } from './parse.ts'

// Owns the way from a member of a document to its line and column.

export type Path = readonly PropertyKey[]

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}

function step(source: SourceDocument, node: unknown, part: PropertyKey): { readonly key: unknown; readonly value: unknown } | undefined {
  const at = isAlias(node) ? node.resolve(source.tree) : node
  if (isMap(at)) return at.items.find((pair) => keyText(pair.key) === String(part))
  if (isSeq(at)) {
    const item = at.items[Number(part)]
    return item === undefined ? undefined : { key: item, value: isPair(item) ? item.value : item }
  }
  return undefined
}

function hasRange(node: unknown): node is Node & { range: [number, number, number] } {
  return (isScalar(node) || isCollection(node) || isAlias(node)) && Array.isArray(node.range)
}

/**
 * Where a member stands: its value, or its key when `atKey`. What is not there (a missing member) is placed at the nearest member around it.
 */
export function locate(source: SourceDocument, path: Path, atKey = false): { readonly line: number; readonly column: number } {
  let node: unknown = source.tree.contents
  let best: unknown = node
  for (const [i, part] of path.entries()) {
    const found = step(source, node, part)
    if (found === undefined) break
    node = found.value
    const last = i === path.length - 1
    best = last && atKey ? found.key : hasRange(found.value) ? found.value : found.key
  }
  const { line, col } = source.lines.linePos(hasRange(best) ? best.range[0] : 0)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

/** A fault at a member of a document. */
export function faultAt(source: SourceDocument, path: Path, message: string, atKey = false): Fault {
  return { file: source.file.name, ...locate(source, path, atKey), message }
}
