import { isDeepStrictEqual } from 'node:util'
import { invalidAuthorizationDetails } from './error.ts'

// Rich authorization requests (RFC 9396): what a client wants to do, in more words than a scope has. Owns what such a text may be and when
// one is within another. Does not own which types there are and what each may say (apis/authorization-details.ts).

/** One object of `authorization_details`. */
export interface AuthorizationDetail {
  readonly type: string
  readonly [member: string]: unknown
}

const LONGEST_TEXT = 10_000
const MOST_DETAILS = 20
const DEEPEST = 8
// What a person reads must be what it is: nothing that cannot be seen, and nothing that turns the direction of what stands around it.
const UNSHOWN = /[\p{Cc}\p{Surrogate}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u

function requireShowable(value: unknown, depth = 0): void {
  if (depth > DEEPEST) throw invalidAuthorizationDetails('authorization_details are nested too deep')
  if (typeof value === 'string' && UNSHOWN.test(value)) throw invalidAuthorizationDetails('authorization_details have characters that are not allowed')
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    requireShowable(name)
    requireShowable(inner, depth + 1)
  }
}

function isDetail(value: unknown): value is AuthorizationDetail {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'type' in value && typeof value.type === 'string' && value.type !== ''
}

/** Reads the parameter: a JSON array of objects with a `type` (§2). Throws `invalid_authorization_details`. */
export function parseAuthorizationDetails(text: string | undefined): readonly AuthorizationDetail[] {
  if (text === undefined) return []
  if (text.length > LONGEST_TEXT) throw invalidAuthorizationDetails('authorization_details are too long')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw invalidAuthorizationDetails('authorization_details are not JSON')
  }
  if (!Array.isArray(json) || !json.every(isDetail)) throw invalidAuthorizationDetails('authorization_details are not a list of objects with a type')
  if (json.length > MOST_DETAILS) throw invalidAuthorizationDetails('authorization_details are too many')
  requireShowable(json)
  return json
}

/** The members of §2.2 that are sets of things allowed: a part of the set allows less. Leaving one out may allow more, so it is not within. */
const SETS: ReadonlySet<string> = new Set(['locations', 'actions', 'datatypes', 'privileges'])

function isPart(inner: unknown, outer: unknown): boolean {
  return Array.isArray(inner) && Array.isArray(outer) && inner.length > 0 && inner.every((one) => outer.some((other) => isDeepStrictEqual(one, other)))
}

function isNarrower(inner: AuthorizationDetail, outer: AuthorizationDetail): boolean {
  const names = Object.keys(outer)
  if (Object.keys(inner).length !== names.length) return false
  return names.every((name) => Object.hasOwn(inner, name) && (isDeepStrictEqual(inner[name], outer[name]) || (SETS.has(name) && isPart(inner[name], outer[name]))))
}

/** Whether every object allows what one of the others allows, or less (§6.1). */
export function isWithinDetails(inner: readonly AuthorizationDetail[], outer: readonly AuthorizationDetail[]): boolean {
  return inner.every((one) => outer.some((other) => isNarrower(one, other)))
}
