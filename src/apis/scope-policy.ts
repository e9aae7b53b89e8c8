import type { Context } from '../context.ts'
import { type Api, readApiScope } from './api.ts'
import { findApi } from './store.ts'

// What an API says of who must agree before a client has one of its scopes.

export interface ScopePolicy {
  readonly api: Api
  readonly approval: Api['approval']
  /** Whose people it is for, where organizations decide. */
  readonly target: 'all' | readonly string[]
  /** Whether a token without a person may have it, where organizations decide. */
  readonly clientCredentials: boolean
}

/** The policy of a scope of this very API; nothing for one that it does not have. */
export function policyOf(api: Api, scope: string): ScopePolicy | undefined {
  const named = readApiScope(scope)
  if (named?.apiId !== api.api_id) return undefined
  // Not a name that every object has.
  const said = named.name === undefined ? api : Object.hasOwn(api.scopes, named.name) ? api.scopes[named.name] : undefined
  return said && { api, approval: said.approval, target: said.target ?? 'all', clientCredentials: said.client_credentials === true }
}

/** The policy of a scope, from memory; nothing for what is no API's, or not declared. */
export async function findScopePolicy(ctx: Context, scope: string): Promise<ScopePolicy | undefined> {
  const named = readApiScope(scope)
  const api = named === undefined ? undefined : await findApi(ctx, named.apiId)
  return api && policyOf(api, scope)
}

/** Whether the organization of a realm is asked at all. */
export function isTarget({ approval, target }: ScopePolicy, realm: string): boolean {
  return approval === 'organization' && (target === 'all' || target.includes(realm))
}
