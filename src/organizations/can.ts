// Owns who may do what to which thing: one table, and nothing beside it. What is not in it nobody may. Pure: who asks brings the actor
// (members.ts) and the owner of the thing. What to say when it is no belongs to the doors: of a thing that somebody may not even read,
// they say that there is none (security.md rule 27).

/** As what somebody works for an organization. */
export type Role = 'admin' | 'developer' | 'member'

export const roles: readonly Role[] = ['admin', 'developer', 'member']

/** Who acts. `roles` by organization_id. */
export interface Actor {
  readonly userId: string
  readonly operator: boolean
  readonly roles: ReadonlyMap<string, Role>
}

/** Whose a thing is: an organization's, or a person's own. Of what is an organization's, the person who made it is not the owner. */
export type Owner = { readonly organization?: string | undefined; readonly userId?: string | undefined }

export type Action =
  | 'read'
  | 'create'
  | 'change'
  | 'delete'
  /** Draw, add and end its secrets. */
  | 'secrets'
  /** Make it another's. Taking it is `create` there. */
  | 'transfer'
  /** Say yes or no to what others ask of it: scopes of an API, clients at an organization's realms. */
  | 'decide'
  | 'statistics'
  /** Members of a document that everybody has to be able to rely on: what is weaker than the rules of today, whose realms are whose. */
  | 'trust'
  | 'rotate'

export type ObjectKind =
  | 'client'
  | 'api'
  | 'organization'
  /** Somebody's role in an organization; `userId` of the owner is whose. */
  | 'membership'
  | 'provider'
  | 'scope'
  | 'authorization_details_type'
  | 'trusted_issuer'
  | 'user'
  | 'consent'
  /** Why a request of a client was refused; the owner is the client's. */
  | 'trace'
  | 'operator'
  | 'audit'
  | 'key'
  | 'system'

export interface ActedOn {
  readonly kind: ObjectKind
  readonly owner: Owner
}

/** `self`: the person that a thing belongs to, or is about. `anybody`: whoever has an account. */
type Standing = 'operator' | Role | 'self' | 'anybody'

const OPERATORS: readonly Standing[] = ['operator']
const ADMINS: readonly Standing[] = ['operator', 'admin']
const DEVELOPERS: readonly Standing[] = ['operator', 'admin', 'developer']
const MEMBERS: readonly Standing[] = ['operator', 'admin', 'developer', 'member']

function orSelf(standings: readonly Standing[]): readonly Standing[] {
  return [...standings, 'self']
}

const MATRIX: Readonly<Record<ObjectKind, Readonly<Partial<Record<Action, readonly Standing[]>>>>> = {
  client: {
    read: orSelf(MEMBERS),
    create: orSelf(DEVELOPERS),
    change: orSelf(DEVELOPERS),
    delete: orSelf(DEVELOPERS),
    secrets: orSelf(DEVELOPERS),
    transfer: orSelf(ADMINS),
    statistics: orSelf(MEMBERS),
    trust: OPERATORS,
  },
  api: { read: MEMBERS, create: DEVELOPERS, change: DEVELOPERS, delete: DEVELOPERS, secrets: DEVELOPERS, transfer: ADMINS, decide: DEVELOPERS, statistics: MEMBERS, trust: OPERATORS },
  organization: { read: MEMBERS, create: OPERATORS, change: ADMINS, delete: OPERATORS, decide: ADMINS, trust: OPERATORS },
  membership: { read: MEMBERS, create: ADMINS, change: ADMINS, delete: orSelf(ADMINS) },
  provider: { read: ADMINS, create: OPERATORS, change: OPERATORS, delete: OPERATORS, statistics: ADMINS },
  scope: { read: ['operator', 'anybody'], create: OPERATORS, change: OPERATORS, delete: OPERATORS },
  authorization_details_type: { read: ['operator', 'anybody'], create: OPERATORS, change: OPERATORS, delete: OPERATORS },
  trusted_issuer: { read: OPERATORS, create: OPERATORS, change: OPERATORS, delete: OPERATORS },
  user: { read: orSelf(OPERATORS), create: OPERATORS, change: OPERATORS, delete: OPERATORS },
  consent: { read: orSelf(OPERATORS), delete: orSelf(OPERATORS) },
  trace: { read: orSelf(DEVELOPERS) },
  operator: { read: OPERATORS, create: OPERATORS, delete: OPERATORS },
  audit: { read: OPERATORS },
  key: { read: OPERATORS, rotate: OPERATORS },
  system: { read: OPERATORS },
}

function isSelf(actor: Actor, owner: Owner): boolean {
  return owner.userId !== undefined && owner.userId === actor.userId
}

/** Everything that somebody is towards a thing. */
function standingsOf(actor: Actor, owner: Owner): readonly Standing[] {
  const role = owner.organization === undefined ? undefined : actor.roles.get(owner.organization)
  return [...(actor.operator ? ['operator' as const] : []), ...(role === undefined ? [] : [role]), ...(isSelf(actor, owner) ? ['self' as const] : []), 'anybody']
}

/** Whether somebody may do something to a thing. */
export function can(actor: Actor, action: Action, { kind, owner }: ActedOn): boolean {
  const allowed = MATRIX[kind][action] ?? []
  return standingsOf(actor, owner).some((standing) => allowed.includes(standing))
}
