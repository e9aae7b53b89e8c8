import type { AccountPageModel } from './account-views.ts'

// What the account pages about groups are told.

export type GroupRole = 'member' | 'admin' | 'owner'

export interface GroupRow {
  readonly name: string
  /** Words `account.groups.kind.<kind>`. */
  readonly kind: 'organization' | 'institution' | 'adhoc'
  readonly role: GroupRole
  /** Groups that people make have a page. */
  readonly href?: string | undefined
}

export interface AccountGroupsModel extends AccountPageModel {
  readonly rows: readonly GroupRow[]
  /** Some could not be asked for. */
  readonly partial: boolean
  readonly done?: 'left' | 'deleted' | undefined
  readonly fault?: 'name' | 'many' | undefined
  readonly name: string
  readonly description: string
  readonly action: string
  readonly csrf: string
}

export interface GroupHead {
  readonly name: string
  readonly description?: string | undefined
  readonly role: GroupRole
}

export interface GroupMemberRow {
  readonly id: string
  readonly name: string
  readonly role: GroupRole
  readonly since: Date
  readonly self: boolean
  readonly removeHref?: string | undefined
  /** What an owner may make of them. Form `role` with `member`, `role`. */
  readonly roles: readonly GroupRole[]
}

export interface AccountGroupModel extends AccountPageModel {
  readonly group: GroupHead
  readonly members: readonly GroupMemberRow[]
  /** Where the list goes on. */
  readonly nextHref?: string | undefined
  readonly invitations: readonly { readonly id: string; readonly role: GroupRole; readonly until: Date; readonly revocable: boolean }[]
  /** The roles that the person may let somebody in with; none for who may not. */
  readonly inviteRoles: readonly GroupRole[]
  /** A link that was made just now: it is shown once. */
  readonly link?: string | undefined
  readonly done?: 'created' | 'joined' | 'role' | 'removed' | 'revoked' | 'last' | 'refused' | undefined
  /** Forms post here, with `do`: invite, revoke, role. */
  readonly action: string
  readonly csrf: string
  readonly leaveHref?: string | undefined
  readonly deleteHref?: string | undefined
  readonly backHref: string
}

/** Before somebody goes, or the group does. */
export interface AccountGroupConfirmModel extends AccountPageModel {
  readonly what: 'leave' | 'delete' | 'remove'
  readonly group: string
  /** Who is taken out. */
  readonly person: string
  readonly action: string
  readonly csrf: string
  readonly backHref: string
}

/** What a link leads to: the question, or that it works no more. */
export interface AccountGroupJoinModel extends AccountPageModel {
  readonly invitation?: { readonly group: string; readonly description?: string | undefined; readonly person: string; readonly role: GroupRole; readonly until: Date } | undefined
  readonly action: string
  readonly csrf: string
  readonly backHref: string
}

export interface GroupsViews {
  readonly 'account-groups': AccountGroupsModel
  readonly 'account-group': AccountGroupModel
  readonly 'account-group-confirm': AccountGroupConfirmModel
  readonly 'account-group-join': AccountGroupJoinModel
}
