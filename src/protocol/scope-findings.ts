import { nearest } from '../lib/nearest.ts'
import { beyond } from './scope.ts'
import type { Findings, Hint, Trace } from './trace.ts'

// Owns what is to be said of scopes that a client may not have: which ones, and what was probably meant.

const LONGEST_NAME = 60
const MOST_NAMES = 20

function typos(refused: readonly string[], allowed: readonly string[]): readonly Hint[] {
  return refused.filter((scope) => scope.length <= LONGEST_NAME).slice(0, MOST_NAMES).flatMap((scope) => {
    const meant = nearest(scope, allowed)
    return meant === undefined ? [] : [{ name: 'scope_typo', values: { scope: meant } }]
  })
}

/** The scopes beyond those of the client. */
export function scopeTrace(asked: readonly string[], allowed: readonly string[]): Trace {
  const refused = beyond(asked, allowed)
  const later = async (): Promise<Findings> => ({ hints: typos(refused, allowed) })
  return { cause: 'scope.not_registered', compared: [{ name: 'scope', sent: refused.join(' '), expected: allowed.join(' ') }], later }
}
