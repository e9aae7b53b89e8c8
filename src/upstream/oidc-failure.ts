import * as client from 'openid-client'
import { isDatabaseUnavailable } from '../database/unavailable.ts'
import { FetchFailure } from '../lib/guarded-fetch.ts'
import { UpstreamFailure } from './connector.ts'

// Owns what the many ways in which an OpenID provider can fail mean to the person and to the operator.

const REFUSALS: ReadonlySet<string> = new Set(['access_denied', 'login_required', 'interaction_required', 'account_selection_required', 'consent_required'])
const PASSING: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error'])
const REGISTERED = /^[a-z_]{1,60}$/

function causes(error: unknown): readonly unknown[] {
  return error instanceof Error && error.cause !== undefined ? [error, ...causes(error.cause)] : [error]
}

function isAnsweredWith(cause: unknown, least: number): boolean {
  return cause instanceof Response && cause.status >= least
}

// An error code of theirs is a word of theirs: only what looks like a registered one is written down.
function word(code: unknown): string {
  return typeof code === 'string' && (REGISTERED.test(code) || /^OAUTH_[A-Z_]+$/.test(code)) ? code : 'unknown'
}

/** What the operator is told of a time that cannot be: how far the provider's clock, or its answer, is from ours. Seconds; behind is negative. */
export function clockFacts(skewSeconds: number): Readonly<Record<string, string | number>> {
  return { skewSeconds, fix: 'compare the clocks of both servers (NTP)' }
}

// What the library refused: the claim's name, and of a time by how much. Never a value that is a text.
function factsOf(all: readonly unknown[]): Readonly<Record<string, string | number>> {
  for (const cause of all) {
    if (typeof cause !== 'object' || cause === null || !('claims' in cause) || typeof cause.claims !== 'object' || cause.claims === null) continue
    const claim = 'claim' in cause && typeof cause.claim === 'string' && REGISTERED.test(cause.claim) ? { claim: cause.claim } : {}
    const issuedAt = 'iat' in cause.claims ? cause.claims.iat : undefined
    const isTime = 'now' in cause && typeof cause.now === 'number' && typeof issuedAt === 'number'
    return { ...claim, ...(isTime ? clockFacts(Math.round(issuedAt - Number(cause.now))) : {}) }
  }
  return {}
}

/** An error of an exchange with a provider as the one failure. A lost database is no provider's fault and stays what it is. */
export function readUpstreamFailure(error: unknown, otherwise: UpstreamFailure['kind']): unknown {
  if (error instanceof UpstreamFailure || isDatabaseUnavailable(error)) return error
  if (error instanceof client.AuthorizationResponseError) {
    const kind = REFUSALS.has(error.error) ? 'refused' : PASSING.has(error.error) ? 'unavailable' : 'invalid'
    return new UpstreamFailure(kind, word(error.error), { isHearsay: true })
  }
  const all = causes(error)
  const failed = all.find((cause) => cause instanceof FetchFailure)
  if (failed !== undefined) return new UpstreamFailure('unavailable', failed.reason)
  if (error instanceof client.ResponseBodyError) return new UpstreamFailure(error.status >= 500 || PASSING.has(error.error) ? 'unavailable' : otherwise, word(error.error))
  if (all.some((cause) => isAnsweredWith(cause, 500))) return new UpstreamFailure('unavailable', 'status')
  return new UpstreamFailure(otherwise, error instanceof Error && 'code' in error ? word(error.code) : 'unknown', { facts: factsOf(all) })
}
