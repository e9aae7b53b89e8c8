import type { Context } from '../context.ts'
import { invalidScope, type OAuthError } from '../protocol/error.ts'
import type { Hint, Trace } from '../protocol/trace.ts'
import { readApiScope, withoutOrphans } from './api.ts'
import { findApprovals } from './organization-approvals.ts'
import { type AskingClient, findRequestStates, grantedAtOnce, type RequestState } from './requests.ts'
import { findScopePolicy, isTarget, type ScopePolicy } from './scope-policy.ts'
import { findKnownApi } from './store.ts'

// Owns the one rule of which scopes of APIs a client has: at the authorization endpoint, on the consent page, when a token is made and when
// one is looked at. From memory, at most STALENESS_MS old.

/** Whom a token speaks for: a person of these realms, or the client itself. Nothing while it is not known yet who the person is. */
export type Bearer = { readonly realms: readonly string[] } | 'client' | undefined

/** Why a client does not have a scope, for the log and for whoever asks the server why: `scope` and who has to approve it. */
export interface Missing {
  readonly cause: 'scope.not_declared' | 'scope.api_off' | 'scope.not_approved' | 'scope.refused' | 'scope.organization_not_approved' | 'scope.no_realm' | 'scope.not_without_person'
  readonly scope: string
  /** An organization's id, an API's where nobody owns it, or realms. */
  readonly approvers: readonly string[]
}

function missing(cause: Missing['cause'], scope: string, approvers: readonly string[]): Missing {
  return { cause, scope, approvers }
}

function ownersOf({ api }: ScopePolicy): readonly string[] {
  return [api.organization ?? api.api_id]
}

async function missingForPerson(ctx: Context, client: AskingClient, scope: string, policy: ScopePolicy, realms: readonly string[]): Promise<Missing | undefined> {
  if (realms.length === 0) return missing('scope.no_realm', scope, [])
  const approvals = await findApprovals(ctx, client.key)
  const silent = realms.filter((realm) => !isTarget(policy, realm) || approvals.get(realm)?.includes(scope) !== true)
  return silent.length === 0 ? undefined : missing('scope.organization_not_approved', scope, silent)
}

function missingByOwner(client: AskingClient, scope: string, policy: ScopePolicy, state: RequestState | undefined): Missing | undefined {
  const ground = state === 'granted' || grantedAtOnce(policy, { organization: client.metadata.organization, operator: false }) !== undefined
  return ground ? undefined : missing('scope.not_approved', scope, ownersOf(policy))
}

/** An operator may grant what nobody declares here; what was declared and is switched off, nobody has. */
async function missingApi(ctx: Context, apiId: string, scope: string, state: RequestState | undefined): Promise<Missing | undefined> {
  if ((await findKnownApi(ctx, apiId))?.disabled === true) return missing('scope.api_off', scope, [apiId])
  return state === 'granted' ? undefined : missing('scope.not_declared', scope, [apiId])
}

/** Why a client may not have a scope for somebody; nothing when it may, and for what is no API's. A refusal wins over every other ground. */
async function missingApproval(ctx: Context, client: AskingClient, scope: string, bearer: Bearer): Promise<Missing | undefined> {
  const named = readApiScope(scope)
  if (named === undefined) return undefined
  const [policy, states] = await Promise.all([findScopePolicy(ctx, scope), findRequestStates(ctx, client.key)])
  const state = states.get(scope)
  if (state === 'refused') return missing('scope.refused', scope, policy === undefined ? [named.apiId] : ownersOf(policy))
  if (policy === undefined) return missingApi(ctx, named.apiId, scope, state)
  if (policy.approval !== 'organization') return missingByOwner(client, scope, policy, state)
  if (bearer === undefined) return undefined
  if (bearer !== 'client') return missingForPerson(ctx, client, scope, policy, bearer.realms)
  // Nobody's organization is there to ask: the API says whether that may be, and its owner to whom.
  return policy.clientCredentials ? missingByOwner(client, scope, policy, state) : missing('scope.not_without_person', scope, ownersOf(policy))
}

export interface Judged {
  readonly scopes: readonly string[]
  readonly missing: readonly Missing[]
}

/** Those of the scopes that a client has, and why not the others. A part of an API goes with the API. */
export async function judgeScopes(ctx: Context, client: AskingClient, scopes: readonly string[], bearer: Bearer): Promise<Judged> {
  if (!scopes.some((scope) => scope.startsWith('gk_'))) return { scopes, missing: [] }
  const found = await Promise.all(scopes.map((scope) => missingApproval(ctx, client, scope, bearer)))
  return { scopes: withoutOrphans(scopes.filter((_, i) => found[i] === undefined)), missing: found.filter((one) => one !== undefined) }
}

/** Those of the scopes that a client has. */
export async function approvedScopes(ctx: Context, client: AskingClient, scopes: readonly string[], bearer: Bearer): Promise<readonly string[]> {
  return (await judgeScopes(ctx, client, scopes, bearer)).scopes
}

/** Whether organizations decide about one of the scopes: then it matters where a person belongs. */
export async function asksOrganizations(ctx: Context, scopes: readonly string[]): Promise<boolean> {
  const policies = await Promise.all(scopes.filter((scope) => scope.startsWith('gk_')).map((scope) => findScopePolicy(ctx, scope)))
  return policies.some((policy) => policy?.approval === 'organization')
}

/** For the diagnosis: which scopes, and who would have to approve each. */
function traceOf(all: readonly Missing[]): Trace {
  const cause = all.length > 0 && all.every((one) => one.cause === 'scope.not_declared') ? 'scope.unknown' : 'scope.not_approved'
  const hints = all.filter(({ approvers }) => approvers.length > 0).slice(0, 10).map(({ scope, approvers }): Hint => ({ name: 'approver', values: { scope, who: approvers.join(', ').slice(0, 200) } }))
  return { cause, compared: all.slice(0, 10).map((one) => ({ name: one.cause, sent: one.scope })), hints }
}

/** The refusal where nothing is left of what was asked for: `invalid_scope`, and in the log the cause, the scope, and who would have to approve it. */
export function notApproved(all: readonly Missing[], whom: string): OAuthError {
  const detail = all.map(({ cause, scope, approvers }) => `${cause} ${scope}${approvers.length === 0 ? '' : ` approver=${approvers.join(',')}`}`).join('; ').slice(0, 500)
  return invalidScope(`The scope has not been approved for ${whom}`, { parameter: 'scope', detail, trace: traceOf(all) })
}
