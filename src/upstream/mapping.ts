import { isFit } from '../lib/fit-text.ts'
import { type SecondaryId, secondaryIdKinds, type SecondaryIdKind } from '../users/secondary-ids.ts'
import { type UserClaims, userClaimsSchema } from '../users/user.ts'

// Owns how what a provider says of a person becomes what we know of them. It is the other side's text: each value must have the type and
// size of ours, or it is left out; nothing of it decides who the person is.

export const claimTargets = [...userClaimsSchema.keyof().options, 'groups', ...secondaryIdKinds] as const
type Target = (typeof claimTargets)[number]

/** Their name of a claim → ours. */
export type ClaimsMapping = Readonly<Record<string, Target>>

type Claims = Readonly<Record<string, unknown>>

const MOST_GROUPS = 500
const LONGEST_GROUP = 200
const VERIFIED = ['email_verified', 'phone_number_verified'] as const

function sourceOf(target: Target, mapping: ClaimsMapping): string {
  return Object.keys(mapping).find((theirs) => mapping[theirs] === target) ?? target
}

/** Our claims out of theirs. The standard names stand for themselves unless the mapping names another source. */
function mapClaims(theirs: Claims, mapping: ClaimsMapping): UserClaims {
  const ours: Record<string, unknown> = {}
  for (const target of userClaimsSchema.keyof().options) {
    const value = userClaimsSchema.shape[target].safeParse(Object.hasOwn(theirs, sourceOf(target, mapping)) ? theirs[sourceOf(target, mapping)] : undefined)
    if (value.success && value.data !== undefined && isFit(value.data)) ours[target] = value.data
  }
  for (const verified of VERIFIED) {
    const about = verified === 'email_verified' ? 'email' : 'phone_number'
    // Theirs speaks of their own `email`: of a claim that the mapping calls so it says nothing. And only true is true.
    const speaksOfIt = sourceOf(about, mapping) === about || sourceOf(verified, mapping) !== verified
    if (ours[about] === undefined) delete ours[verified]
    else ours[verified] = speaksOfIt && ours[verified] === true
  }
  return userClaimsSchema.parse(ours)
}

/** What a provider says of a person, as we keep it. Every protocol's file ends in this one function. */
export interface MappedPerson {
  readonly claims: UserClaims
  /** Nothing when they say nothing of groups. */
  readonly groups: readonly string[] | undefined
  /** What they call the person that others may call them too. Whether they are believed is the operator's word (person-of.ts in signin). */
  readonly secondaryIds?: readonly SecondaryId[]
  /** What they say the person is with them. Whether it is theirs to say is asked elsewhere (affiliations-of.ts in signin). */
  readonly said?: SaidAffiliations
}

/** eduPerson's words, as they came (REFEDS names them for OpenID Connect). */
export interface SaidAffiliations {
  /** `student@realm` … */
  readonly scopedAffiliations: readonly string[]
  readonly affiliations: readonly string[]
  readonly primaryAffiliation: string | undefined
  readonly principalName: string | undefined
}

/** Their words about a person → ours. */
export function mapPerson(theirs: Claims, mapping: ClaimsMapping): MappedPerson {
  return { claims: mapClaims(theirs, mapping), groups: mapGroups(theirs, mapping), secondaryIds: mapSecondaryIds(theirs, mapping), said: readAffiliations(theirs) }
}

const MOST_AFFILIATIONS = 100

function textsIn(theirs: Claims, name: string): readonly string[] {
  const value = Object.hasOwn(theirs, name) ? theirs[name] : undefined
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string' && one !== '' && one.length <= LONGEST_GROUP && isFit(one)).slice(0, MOST_AFFILIATIONS)
}

function readAffiliations(theirs: Claims): SaidAffiliations {
  return {
    scopedAffiliations: textsIn(theirs, 'eduperson_scoped_affiliation'),
    affiliations: textsIn(theirs, 'eduperson_affiliation'),
    primaryAffiliation: textsIn(theirs, 'eduperson_primary_affiliation')[0],
    principalName: textsIn(theirs, 'eduperson_principal_name')[0],
  }
}

/** Their groups; nothing when they say nothing of groups. */
function mapGroups(theirs: Claims, mapping: ClaimsMapping): readonly string[] | undefined {
  const source = sourceOf('groups', mapping)
  const value = Object.hasOwn(theirs, source) ? theirs[source] : undefined
  if (!Array.isArray(value)) return undefined
  return value.filter((group): group is string => typeof group === 'string' && group !== '' && group.length <= LONGEST_GROUP && isFit(group)).slice(0, MOST_GROUPS)
}

/** How each kind is written: one way, so that two providers mean the same. What is written otherwise is none. */
const readers: Readonly<Record<SecondaryIdKind, (text: string) => string | undefined>> = {
  national_id: (text) => /^[0-9A-Z+-]{6,30}$/.exec(text.replaceAll(/\s/g, '').toUpperCase())?.[0],
  orcid: (text) => /^(?:https?:\/\/orcid\.org\/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])$/.exec(text)?.[1],
  feide: (text) => /^[^\s@]{1,100}@[a-z0-9.-]{3,100}$/.exec(text.toLowerCase())?.[0],
}

/** Their secondary ids of the person. One that is not one text is none. */
function mapSecondaryIds(theirs: Claims, mapping: ClaimsMapping): readonly SecondaryId[] {
  return secondaryIdKinds.flatMap((kind) => {
    const source = sourceOf(kind, mapping)
    const text = Object.hasOwn(theirs, source) ? theirs[source] : undefined
    const value = typeof text === 'string' ? readers[kind](text.trim()) : undefined
    return value === undefined ? [] : [{ kind, value }]
  })
}
