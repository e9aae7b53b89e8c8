import type { Context } from '../context.ts'
import type { LocalizedText } from '../protocol/localized-text.ts'

// The contract of what knows groups. A source is one file in sources/ and one line in index.ts. It is asked beside the others and given three
// seconds; one that fails is left out, and the answer says so (ask.ts). Groups have the shape of VOOT as Dataporten speaks it.

export type Basic = 'member' | 'admin' | 'owner'

/** What somebody is in a group. */
export interface Membership {
  readonly basic: Basic
  /** At an institution: `student`, `employee` … */
  readonly affiliation?: readonly string[]
  readonly primaryAffiliation?: string
}

export interface Group {
  readonly id: string
  readonly displayName: LocalizedText
  readonly type: string
  readonly description?: LocalizedText | undefined
  /** Whether everybody may know that there is such a group. */
  readonly public: boolean
  readonly parent?: string
  readonly url?: string
  /** What the person who asks is in it; absent when nothing. */
  readonly membership?: Membership
  readonly notBefore?: Date
  /** When it was over, for one that is. */
  readonly notAfter?: Date
  /** The provider that speaks for it, whose picture is its. */
  readonly providerId?: string
  /** What the `groups` claim calls it; `id` when left out. */
  readonly claim?: string
}

/** Of whom the groups are. */
export interface GroupPerson {
  readonly userId: string
  readonly organizationId: string | undefined
  /** As the institution, or a declaration, names them. */
  readonly groups: readonly string[]
}

export interface GroupMember {
  readonly userId: string
  readonly name: string
  readonly membership: Membership
}

export interface GroupType {
  readonly id: string
  readonly displayName: LocalizedText
}

export interface GroupSource {
  readonly name: string
  readonly types: readonly GroupType[]
  /** Whether an id could be one of its groups. */
  owns(id: string): boolean
  /** The groups of a person; with `all` also those that are over. */
  groupsOf(ctx: Context, person: GroupPerson, all: boolean): Promise<readonly Group[]>
  /** Groups that everybody may know of, by a few words of their names; for a source that has such. At most `limit`. */
  search?(ctx: Context, typed: string, limit: number): Promise<readonly Group[]>
  /** A group that the person may know of. */
  find(ctx: Context, id: string, person: GroupPerson): Promise<Group | undefined>
  /** Who is in a group, as far as the person may know: nothing where they may not. */
  members(ctx: Context, id: string, person: GroupPerson): Promise<readonly GroupMember[] | undefined>
}
