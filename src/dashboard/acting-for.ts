import { notFound } from '../account/not-found.ts'
import type { Actor, Owner } from '../organizations/can.ts'

// For whom somebody acts (pages.md P-07). It stands in the address, so that two tabs can act for two, and nothing is switched by looking.

const MYSELF = 'me'

function mine({ userId }: Actor): Owner {
  return { userId }
}

/** Everybody that somebody can act for: themselves, and the organizations that they work for. */
export function ownersOf(actor: Actor): readonly Owner[] {
  return [mine(actor), ...[...actor.roles.keys()].toSorted().map((organization) => ({ organization }))]
}

/** How an address names an owner. */
export function ownerName({ organization }: Owner): string {
  return organization === undefined ? MYSELF : `org:${organization}`
}

/** The owner that an address names; without one the first organization, else the person. Throws `not_found` for any that they do not work for. */
export function actingFor(actor: Actor, named: string | undefined): Owner {
  const owners = ownersOf(actor)
  if (named === undefined) return owners[1] ?? mine(actor)
  const found = owners.find((owner) => ownerName(owner) === named)
  if (found === undefined) throw notFound()
  return found
}

/** A page of the dashboard, for this owner. */
export function forOwner(path: string, owner: Owner): string {
  return `${path}?${new URLSearchParams({ owner: ownerName(owner) })}`
}

export function isSameOwner(a: Owner, b: Owner): boolean {
  return a.organization === b.organization && (a.organization !== undefined || a.userId === b.userId)
}
