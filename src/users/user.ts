import { z } from 'zod'

/** A person, under an opaque id that never changes. */
export interface User {
  readonly userId: string
  readonly status: 'active' | 'locked'
  readonly organizationId: string | undefined
  readonly username: string | undefined
  readonly claims: UserClaims
  readonly groups: readonly string[]
}

const shortText = z.string().max(500)
const address = z.strictObject({ formatted: shortText.optional(), street_address: shortText.optional(), locality: shortText.optional(), region: shortText.optional(), postal_code: shortText.optional(), country: shortText.optional() })

/** The standard claims (OpenID Connect Core §5.1), with the types that clients check: booleans, seconds, an address object. */
export const userClaimsSchema = z.strictObject({
  name: shortText.optional(),
  given_name: shortText.optional(),
  family_name: shortText.optional(),
  middle_name: shortText.optional(),
  nickname: shortText.optional(),
  preferred_username: shortText.optional(),
  profile: z.url().optional(),
  picture: z.url().optional(),
  website: z.url().optional(),
  gender: shortText.optional(),
  birthdate: z.string().regex(/^(\d{4}|0000)(-\d{2}-\d{2})?$/, 'must be YYYY or YYYY-MM-DD').optional(),
  zoneinfo: shortText.optional(),
  locale: shortText.optional(),
  email: z.email().optional(),
  email_verified: z.boolean().optional(),
  phone_number: shortText.optional(),
  phone_number_verified: z.boolean().optional(),
  address: address.optional(),
})
export type UserClaims = z.output<typeof userClaimsSchema>

/** How a user name is looked up and kept: compatibility-composed, without spaces around, in lower case (PRECIS UsernameCaseMapped in spirit, RFC 8265). */
export function normalizeUsername(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase()
}

/** What pages call a person. */
export function displayName(user: User): string {
  return user.claims.name ?? user.username ?? user.claims.email ?? user.userId
}
