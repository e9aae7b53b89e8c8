import { invalidRequest } from './error.ts'
import type { Form } from './form.ts'

// Grant Management for OAuth 2.0 (FAPI working group, Implementer's Draft 1): the two request parameters.

// The first draft calls "update" what the second calls "merge".
const CHANGES = { create: 'create', merge: 'merge', update: 'merge', replace: 'replace' } as const

/** What clients may ask for, at the authorization endpoint and of the grant itself (§7.1). */
export const grantManagementActions: readonly string[] = [...Object.keys(CHANGES), 'query', 'revoke']

/** The scopes that open a grant to its client (§6.1). */
export const GRANT_QUERY = 'grant_management_query'
export const GRANT_REVOKE = 'grant_management_revoke'

export interface GrantAction {
  readonly change: (typeof CHANGES)[keyof typeof CHANGES]
  /** The grant that is changed; none where one is made. */
  readonly grantId?: string
}

function isChange(name: string): name is keyof typeof CHANGES {
  return Object.hasOwn(CHANGES, name)
}

/** What a request does to which grant; nothing when it says nothing of grants. Throws `invalid_request` (§5.3). */
export function readGrantAction({ single }: Form): GrantAction | undefined {
  const [action, grantId] = [single.get('grant_management_action'), single.get('grant_id')]
  if (action === undefined && grantId === undefined) return undefined
  if (action === undefined) throw invalidRequest('grant_id needs a grant_management_action', { parameter: 'grant_management_action' })
  if (!isChange(action)) throw invalidRequest('The grant_management_action is not supported', { parameter: 'grant_management_action' })
  const change = CHANGES[action]
  if ((change === 'create') !== (grantId === undefined)) throw invalidRequest(grantId === undefined ? 'Missing parameter: grant_id' : 'A new grant has no grant_id yet', { parameter: 'grant_id' })
  return { change, ...(grantId === undefined ? {} : { grantId }) }
}

/** Refuses both where grants cannot be managed: what is not done must not look done. */
export function refuseGrantAction(form: Form): void {
  if (readGrantAction(form) !== undefined) throw invalidRequest('Grants are managed at the authorization endpoint', { parameter: 'grant_management_action' })
}
