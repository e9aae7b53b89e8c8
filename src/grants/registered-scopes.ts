import type { Client } from '../clients/client.ts'
import { invalidScope } from '../protocol/error.ts'
import { beyond } from '../protocol/scope.ts'
import { scopeTrace } from '../protocol/scope-findings.ts'

/** Throws `invalid_scope` for scopes that the client is not registered for (RFC 6749 §3.3). What several grants share; no grant type itself and not in the list. */
export function requireRegistered(asked: readonly string[], { scopes }: Pick<Client, 'scopes'>): void {
  const refused = beyond(asked, scopes)
  if (refused.length > 0) throw invalidScope('The client may not have this scope', { parameter: 'scope', detail: `scope.not_registered ${refused.join(' ').slice(0, 200)}`, trace: scopeTrace(refused, scopes) })
}
