import { readApiScope } from '../apis/api.ts'
import { notAskedOf } from '../apis/inbox.ts'
import { approveForRealm, deleteApprovals, listApprovalsOfClient, type OrganizationApproval, refuseForRealm, replaceApprovals } from '../apis/organization-approvals.ts'
import { askAgain, type Decision, grantScope, refuseScope, withdrawScope } from '../apis/requests.ts'
import { readApis } from '../apis/store.ts'
import { type Client, ownerOf } from '../clients/client.ts'
import { readClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { type Action, type ActedOn, can } from '../organizations/can.ts'
import { findOrganizationByRealm } from '../organizations/store.ts'
import type { Changer } from './changer.ts'
import { ChangeRefused } from './refused.ts'

// Owns who may say yes or no to a client's wishes, for the API and the pages alike: the owner of an API about its scopes, the admins of an
// organization about its people. Whoever may not even read what it is about is told that there is nothing.

/** Whoever decides. */
export type Decider = Pick<Changer, 'actor' | 'personId'>

const LONGEST_REASON = 1000

function requireReason(reason: string): string {
  const text = reason.trim()
  if (text === '' || text.length > LONGEST_REASON) throw new ChangeRefused('invalid', [{ path: 'reason', message: `reason must have 1 to ${LONGEST_REASON} characters` }])
  return text
}

function requireOne({ actor }: Decider, action: Action, objects: readonly ActedOn[]): void {
  if (objects.some((object) => can(actor, action, object))) return
  throw new ChangeRefused(objects.some((object) => can(actor, 'read', object)) ? 'forbidden' : 'not_found')
}

async function requireClient(ctx: Context, clientId: string): Promise<Client> {
  const client = await readClient(ctx.db, clientId)
  if (client === undefined) throw new ChangeRefused('not_found')
  return client
}

function clientObject(client: Client): ActedOn {
  return { kind: 'client', owner: ownerOf(client) }
}

export interface WishOf {
  readonly clientId: string
  readonly scope: string
}

export interface WishDecision extends WishOf {
  readonly decision: 'grant' | 'refuse' | 'withdraw'
  /** Of a refusal or a withdrawal, for the client's owner. */
  readonly reason?: string | undefined
}

/** A scope of an API that a client wishes for, as somebody who speaks for the API may decide about it. Throws ChangeRefused: `invalid` when the client does not wish for it. */
export async function requireWish(ctx: Context, decider: Decider, { clientId, scope }: WishOf): Promise<Decision> {
  const apiId = readApiScope(scope)?.apiId ?? ''
  const [api] = await readApis(ctx.db, [apiId])
  if (api === undefined) throw new ChangeRefused('not_found')
  requireOne(decider, 'decide', [{ kind: 'api', owner: { organization: api.organization } }])
  const client = await requireClient(ctx, clientId)
  if (!client.scopes.includes(scope)) throw new ChangeRefused('invalid', [{ path: 'scope', message: `scope ${scope} is not requested by this client` }])
  return { clientKey: client.key, clientId, scope, by: decider.personId }
}

/**
 * Decides about a scope of an API that a client wishes for, in the name of the API's owner. False when somebody was quicker, or nothing is
 * there to decide. Throws ChangeRefused.
 */
export async function decideWish(ctx: Context, decider: Decider, { decision, reason = '', ...wish }: WishDecision): Promise<boolean> {
  const one = await requireWish(ctx, decider, wish)
  if (decision === 'grant') return grantScope(ctx, one)
  return decision === 'refuse' ? refuseScope(ctx, one, requireReason(reason)) : withdrawScope(ctx, one, requireReason(reason))
}

/** Asks once more for a scope that was refused, in the name of the client's owner. False within a day of the refusal. Throws ChangeRefused. */
export async function askOnceMore(ctx: Context, decider: Decider, { clientId, scope }: WishOf): Promise<boolean> {
  const client = await requireClient(ctx, clientId)
  requireOne(decider, 'change', [clientObject(client)])
  return askAgain(ctx, { clientKey: client.key, clientId, scope, by: decider.personId })
}

export interface RealmOfClient {
  readonly clientId: string
  readonly realm: string
}

async function realmObject(ctx: Context, realm: string): Promise<ActedOn> {
  const organization = await findOrganizationByRealm(ctx.db, realm)
  // A realm that nobody has is an operator's to speak for.
  return organization === undefined ? { kind: 'system', owner: {} } : { kind: 'organization', owner: { organization: organization.organization_id } }
}

async function requireAsked(ctx: Context, realm: string, scopes: readonly string[]): Promise<void> {
  const [stranger] = await notAskedOf(ctx, realm, scopes)
  if (stranger !== undefined) throw new ChangeRefused('invalid', [{ path: 'scope', message: `scope ${stranger} is not one that ${realm} is asked about` }])
}

export interface RealmDecision extends RealmOfClient {
  readonly scope: string
  readonly decision: 'approve' | 'refuse'
  readonly reason?: string | undefined
}

/** Decides about a client and the people of a realm, in the name of its organization. False when it stands so already. Throws ChangeRefused. */
export async function decideForRealm(ctx: Context, decider: Decider, { clientId, realm, scope, decision, reason = '' }: RealmDecision): Promise<boolean> {
  requireOne(decider, 'decide', [await realmObject(ctx, realm)])
  const client = await requireClient(ctx, clientId)
  await requireAsked(ctx, realm, [scope])
  const one = { clientKey: client.key, clientId, realm, by: decider.personId }
  return decision === 'approve' ? approveForRealm(ctx, one, scope) : refuseForRealm(ctx, one, scope, requireReason(reason))
}

/** What organizations let a client have: for the client's owner all of it, for an admin of a realm that one. Throws ChangeRefused. */
export async function readRealms(ctx: Context, decider: Decider, clientId: string, realm?: string): Promise<readonly OrganizationApproval[]> {
  const client = await requireClient(ctx, clientId)
  requireOne(decider, 'read', [clientObject(client), ...(realm === undefined ? [] : [await realmObject(ctx, realm)])])
  const all = await listApprovalsOfClient(ctx.db, client.key)
  return realm === undefined ? all : all.filter((one) => one.realm === realm)
}

/** Replaces the whole list of what a client may have about the people of a realm: only for who speaks for the realm. Throws ChangeRefused. */
export async function replaceRealm(ctx: Context, decider: Decider, { clientId, realm }: RealmOfClient, scopes: readonly string[]): Promise<void> {
  requireOne(decider, 'decide', [await realmObject(ctx, realm)])
  const client = await requireClient(ctx, clientId)
  await requireAsked(ctx, realm, scopes)
  await replaceApprovals(ctx, { clientKey: client.key, clientId, realm, by: decider.personId }, scopes)
}

/** Takes back everything that a client may have about the people of a realm: for who speaks for the realm, and for the client's owner. Throws ChangeRefused. */
export async function deleteRealm(ctx: Context, decider: Decider, { clientId, realm }: RealmOfClient): Promise<boolean> {
  const client = await requireClient(ctx, clientId)
  const object = await realmObject(ctx, realm)
  if (!can(decider.actor, 'change', clientObject(client))) requireOne(decider, 'decide', [object])
  return deleteApprovals(ctx, { clientKey: client.key, clientId, realm, by: decider.personId })
}
