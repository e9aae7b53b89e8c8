import type { Context } from '../context.ts'
import { readApiScope } from './api.ts'
import { listApprovalsOfClient, listApprovalsOfRealms } from './organization-approvals.ts'
import { type AskingClient, grantedAtOnce, listRequestsOfApis, listRequestsOfClient, type ScopeRequest } from './requests.ts'
import { findScopePolicy, isTarget, policyOf, type ScopePolicy } from './scope-policy.ts'
import { listModeratedApis, readApis } from './store.ts'

// What waits for whom, for pages and for the API. Reads the tables as they are now; decides nothing.

/** Whether the owner of the API is who decides: of what organizations decide about, only whether a system may have it. */
function isOwners({ approval, clientCredentials }: ScopePolicy): boolean {
  return approval === 'owner' || (approval === 'organization' && clientCredentials)
}

/** What waits for the owners of these APIs, the oldest first. */
export async function listWaitingForOwner(ctx: Context, apiIds: readonly string[]): Promise<readonly ScopeRequest[]> {
  const [apis, requests] = await Promise.all([readApis(ctx.db, apiIds), listRequestsOfApis(ctx.db, apiIds, ['requested'])])
  const policies = new Map(apis.map((api) => [api.api_id, api]))
  return requests.filter(({ apiId, scope }) => {
    const api = policies.get(apiId)
    const policy = api && policyOf(api, scope)
    return policy !== undefined && isOwners(policy)
  })
}

/** A question to the organization of a realm, and its answer. */
export interface AskedOfRealm {
  readonly clientKey: string
  readonly scope: string
  readonly apiId: string
  readonly realm: string
  readonly state: 'waiting' | 'approved' | 'refused'
  readonly reason: string | undefined
  readonly askedAt: Date
}

/** What the organization with these realms is asked about its people, answered or not, the oldest first. What the API's owner has refused is asked of nobody. */
export async function listAskedOfRealms(ctx: Context, realms: readonly string[]): Promise<readonly AskedOfRealm[]> {
  const apis = await listModeratedApis(ctx.db)
  const [requests, approvals] = await Promise.all([listRequestsOfApis(ctx.db, apis.map(({ api_id }) => api_id), ['requested', 'granted']), listApprovalsOfRealms(ctx.db, realms)])
  const said = new Map(approvals.map((one) => [`${one.clientKey} ${one.realm}`, one]))
  return requests.flatMap(({ clientKey, scope, apiId, askedAt }) => {
    const api = apis.find(({ api_id }) => api_id === apiId)
    const policy = api && policyOf(api, scope)
    return realms.flatMap((realm): readonly AskedOfRealm[] => {
      if (policy === undefined || !isTarget(policy, realm)) return []
      const answer = said.get(`${clientKey} ${realm}`)
      const reason = answer?.refused[scope]
      const state = answer?.approved.includes(scope) === true ? 'approved' : reason === undefined ? 'waiting' : 'refused'
      return [{ clientKey, scope, apiId, realm, state, reason, askedAt }]
    })
  })
}

/** Those of the scopes that the organization of a realm is not asked about: nothing may be written of them in its name. */
export async function notAskedOf(ctx: Context, realm: string, scopes: readonly string[]): Promise<readonly string[]> {
  const policies = await Promise.all(scopes.map((scope) => findScopePolicy(ctx, scope)))
  return scopes.filter((_, i) => {
    const policy = policies[i]
    return policy === undefined || !isTarget(policy, realm)
  })
}

/** How one wish of a client stands. `organizations`: each decides about its own people. `unknown`: no API has such a scope. */
export interface ScopeStanding {
  readonly scope: string
  readonly state: 'granted' | 'requested' | 'refused' | 'organizations' | 'unknown'
  readonly reason: string | undefined
  readonly askedAt: Date | undefined
  readonly decidedAt: Date | undefined
  /** Whose yes it needs, or needed. */
  readonly api: { readonly apiId: string; readonly organization: string | undefined } | undefined
  /** What organizations have said, by realm. */
  readonly realms: readonly { readonly realm: string; readonly approved: boolean; readonly reason: string | undefined }[]
}

function stateOf(client: AskingClient, policy: ScopePolicy | undefined, request: ScopeRequest | undefined): ScopeStanding['state'] {
  if (request?.state === 'refused') return 'refused'
  if (policy === undefined) return request?.state === 'granted' ? 'granted' : 'unknown'
  if (policy.approval === 'organization') return 'organizations'
  const ground = grantedAtOnce(policy, { organization: client.metadata.organization, operator: false })
  return ground !== undefined || request?.state === 'granted' ? 'granted' : 'requested'
}

/** How everything stands that a client with these scopes wishes of APIs. */
export async function standingsOf(ctx: Context, client: AskingClient & { readonly scopes: readonly string[] }): Promise<readonly ScopeStanding[]> {
  const wishes = client.scopes.filter((scope) => readApiScope(scope) !== undefined)
  const [requests, approvals, apis] = await Promise.all([listRequestsOfClient(ctx.db, client.key), listApprovalsOfClient(ctx.db, client.key), readApis(ctx.db, [...new Set(wishes.map((scope) => readApiScope(scope)?.apiId ?? ''))])])
  return wishes.map((scope) => {
    const policy = apis.map((api) => policyOf(api, scope)).find((one) => one !== undefined)
    const request = requests.find((one) => one.scope === scope)
    const asked = policy?.approval === 'organization' ? approvals.filter(({ approved, refused }) => approved.includes(scope) || Object.hasOwn(refused, scope)) : []
    return {
      scope,
      state: stateOf(client, policy, request),
      reason: request?.reason,
      askedAt: request?.askedAt,
      decidedAt: request?.decidedAt,
      api: policy && { apiId: policy.api.api_id, organization: policy.api.organization },
      realms: asked.map(({ realm, approved, refused }) => ({ realm, approved: approved.includes(scope), reason: refused[scope] })),
    }
  })
}
