import type { Context } from '../context.ts'
import type { Client } from './client.ts'
import { countBroken } from './profile-reports.ts'
import { type Profile, profiles, type RuleName } from './profiles.ts'

// Owns how a client's profile is asked: refused what it does not allow; counted what only the stricter profile of `report_only` would not.

export function profileOf({ metadata }: Pick<Client, 'metadata'>): Profile {
  return profiles[metadata.profile]
}

/** One thing that profiles allow or not. */
export interface Asked {
  readonly rule: RuleName
  readonly allows: (profile: Profile) => boolean
  /** A switch of the client that lets it pass in its own profile. */
  readonly excused?: boolean
}

/** To be called where something was done that not every profile allows. Throws what `refusal` makes when the client's own does not. */
export function requireAllowed(ctx: Context, client: Client, { rule, allows, excused = false }: Asked, refusal: () => Error): void {
  if (!excused && !allows(profileOf(client))) throw refusal()
  const { report_only: tried } = client.metadata
  if (tried !== undefined && !allows(profiles[tried])) countBroken(ctx, client.key, { profile: tried, rule })
}
