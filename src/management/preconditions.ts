import { OAuthError } from '../protocol/error.ts'

// Owns `ETag`, `If-Match` and `If-None-Match` (RFC 9110 §13.1): nobody overwrites what they have not seen.

export function entityTag(version: string): string {
  return `"${version}"`
}

const TAG = /^"([\x21\x23-\x7e]+)"$/

/** The version that a change is meant for. Throws 428 without one (RFC 6585 §3): also `*`, which says that one has not looked. */
export function requireMatch(header: string | undefined): string {
  if (header === undefined || header.trim() === '*') throw new OAuthError('precondition_required', 'Say what you have seen: If-Match with the ETag', { status: 428 })
  const version = TAG.exec(header.trim())?.[1]
  if (version === undefined) throw new OAuthError('precondition_failed', 'If-Match must be the one ETag that was answered', { status: 412 })
  return version
}

/** Whether the caller has this version already. */
export function isKnown(header: string | undefined, version: string): boolean {
  return header !== undefined && header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === entityTag(version))
}
