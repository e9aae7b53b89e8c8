import { isDeepStrictEqual } from 'node:util'
import { memberName } from './issues.ts'
import { type Document, withoutUndefined } from './kind.ts'

/** One member that changes. A secret's values are never told. */
export interface MemberChange {
  readonly member: string
  readonly from?: unknown
  readonly to?: unknown
  readonly secret?: true
}

function isMap(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// Deep: maps are compared member by member, lists as a whole (their order means something).
function compare(from: unknown, to: unknown, path: readonly string[]): readonly MemberChange[] {
  if (isMap(from) && isMap(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
    return names.flatMap((name) => compare(from[name], to[name], [...path, name]))
  }
  if (isDeepStrictEqual(plain(from), plain(to))) return []
  return [{ member: memberName(path), ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }]
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)
}

/** The members by which two documents differ. */
export function differences(from: Document, to: Document): readonly MemberChange[] {
  return compare(withoutUndefined(from), withoutUndefined(to), [])
}
