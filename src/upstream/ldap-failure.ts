import { CircuitOpen } from '../lib/circuit.ts'
import { UpstreamFailure } from './connector.ts'

// Owns what the ways in which a directory can fail mean: a refused person, a directory that cannot be asked, or one that answers what
// cannot be used. What it wrote in words is never repeated: result codes (RFC 4511 appendix A) and Node's error codes are.

/** The detail of a conversation that took too long. */
export const LATE = 'deadline'

/** The bind was answered with "no": a wrong password, or an account that may not sign in. */
const REFUSALS: ReadonlySet<number> = new Set([19, 32, 34, 48, 49, 50, 53])
/** The directory itself has a problem that passes. */
const PASSING: ReadonlySet<number> = new Set([1, 3, 11, 51, 52, 80])

/** What Active Directory means by the sub-code of result 49. For the operator: people are told one thing only. */
const ACTIVE_DIRECTORY: Readonly<Record<string, string>> = {
  '525': 'no such account',
  '52e': 'wrong password',
  '52f': 'account restriction',
  '530': 'not at this time of day',
  '531': 'not from this machine',
  '532': 'the password has expired',
  '533': 'the account is disabled',
  '568': 'too many groups',
  '701': 'the account has expired',
  '773': 'the password must be changed first',
  '775': 'the account is locked',
}

/** The result code of a directory's answer; nothing when the error is no answer. */
export function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined
}

/** Why a person was refused, for the operator; nothing when the error is no refusal. */
export function readRefusal(error: unknown): { readonly code: number; readonly meaning: string | undefined } | undefined {
  const code = resultCode(error)
  if (code === undefined || !REFUSALS.has(code)) return undefined
  const subcode = error instanceof Error ? /\bdata ([0-9a-f]{3,4})\b/.exec(error.message)?.[1] : undefined
  return { code, meaning: subcode === undefined ? undefined : (ACTIVE_DIRECTORY[subcode] ?? 'another sub-code') }
}

function nodeCode(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' && /^[A-Z_0-9]{3,60}$/.test(error.code) ? error.code : undefined
}

/** Whether nothing came back at all. An answer, whatever it says, is none of a name that somebody typed with care to stop everybody. */
export function isSilence(error: unknown): boolean {
  return error instanceof UpstreamFailure ? error.detail === LATE : resultCode(error) === undefined
}

/** An error of an exchange with a directory as the one failure. */
export function readLdapFailure(error: unknown): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error
  if (error instanceof CircuitOpen) return new UpstreamFailure('unavailable', `not asked: ${error.reason}`)
  const code = resultCode(error)
  if (code !== undefined) return new UpstreamFailure(PASSING.has(code) ? 'unavailable' : 'invalid', `result ${code}`)
  return new UpstreamFailure('unavailable', error instanceof Error ? (nodeCode(error) ?? 'connection') : 'connection')
}
