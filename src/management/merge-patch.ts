import type { Document } from '../declarations/kind.ts'

function isMap(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A document with a JSON merge patch applied (RFC 7396 §2): maps member by member, `null` takes a member away, all else replaces. */
export function mergePatch(document: Document, patch: Document): Document {
  const merged = new Map(Object.entries(document))
  for (const [name, value] of Object.entries(patch)) {
    const before = merged.get(name)
    if (value === null) merged.delete(name)
    else merged.set(name, isMap(value) ? mergePatch(isMap(before) ? before : {}, value) : value)
  }
  return Object.fromEntries(merged)
}
