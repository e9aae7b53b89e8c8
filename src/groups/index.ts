import type { GroupSource } from './group.ts'
import { adHocGroups } from './sources/ad-hoc-groups.ts'
import { institutionGroups } from './sources/institution-groups.ts'
import { organizations } from './sources/organizations.ts'

/** What knows groups, in the order in which they are told. */
export const groupSources: readonly GroupSource[] = [organizations, institutionGroups, adHocGroups]
