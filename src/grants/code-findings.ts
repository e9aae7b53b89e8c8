import type { CodeExplanation, CodeFault, CodeRedemption } from '../tokens/authorization-codes.ts'
import type { Cause } from '../protocol/causes.ts'
import { verifierFindings } from '../protocol/pkce-findings.ts'
import type { Compared, Findings, Trace } from '../protocol/trace.ts'

// Owns what is to be said of a code that was not taken: ages, the addresses, and what a wrong verifier looks like.

const CAUSES: Readonly<Record<CodeFault, Cause>> = {
  unknown: 'code.unknown',
  client: 'code.other_client',
  redirect_uri: 'code.redirect_uri',
  pkce: 'pkce.mismatch',
  binding: 'code.binding',
  expired: 'code.expired',
  audience: 'resource.wider',
  replayed: 'code.reused',
  'not live': 'code.ended',
}

type Asked = Pick<CodeRedemption, 'redirectUri' | 'audience' | 'confirmation'>

function comparedOf({ fault, facts }: CodeExplanation, asked: Asked): readonly Compared[] {
  if (facts === undefined) return []
  const { ageSeconds, lifetimeSeconds, usedAgeSeconds } = facts
  const age: Compared = { name: 'code: age (s)', sent: String(ageSeconds), expected: `≤ ${lifetimeSeconds}` }
  if (fault === 'redirect_uri') return [{ name: 'redirect_uri', sent: asked.redirectUri ?? undefined, expected: facts.redirectUri }]
  if (fault === 'audience') return [{ name: 'resource', sent: asked.audience ?? undefined, expected: facts.audience }]
  if (fault === 'binding') return [{ name: 'cnf', sent: asked.confirmation ?? undefined, expected: facts.confirmation }]
  return fault === 'replayed' ? [age, { name: 'code: used before (s)', sent: usedAgeSeconds === undefined ? undefined : String(usedAgeSeconds) }] : [age]
}

function hintsOf({ fault, facts }: CodeExplanation): Findings['hints'] {
  if (fault === 'replayed') return [...(facts?.usedAt === undefined ? [] : [{ name: 'first_used', values: { time: facts.usedAt.toISOString() } }]), { name: 'all_revoked' }]
  return fault === 'not live' ? [{ name: 'person_gone' }] : []
}

/** The trace of a code that was not taken. */
export function codeTrace(explanation: CodeExplanation, asked: Asked, verifier: string | undefined): Trace {
  const { fault, facts } = explanation
  if (fault === 'pkce') {
    const missing = verifier === undefined
    return { cause: missing ? 'pkce.missing' : 'pkce.mismatch', ...verifierFindings(verifier, facts?.codeChallenge) }
  }
  return { cause: CAUSES[fault], compared: comparedOf(explanation, asked), hints: hintsOf(explanation) ?? [] }
}
