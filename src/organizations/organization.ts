import { z } from 'zod'
import { localizedText } from '../protocol/localized-text.ts'

export const organizationId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be 1 to 63 of a-z 0-9 . _ -')

/** A domain that addresses of its people end with. */
export const realm = z.string().regex(/^[a-z0-9.-]+\.[a-z0-9-]+$/, 'must be a domain in lower case')

/** What an organization's declaration may say. */
export const organizationSchema = z.strictObject({
  organization_id: organizationId,
  name: localizedText,
  realms: z.array(realm).max(100).default([]),
  country: z.string().regex(/^[a-z]{2}$/, 'must be a two-letter country code in lower case').optional(),
  /** Whether everybody who belongs to it must prove a second factor at each sign-in, here or at the provider. */
  second_factor: z.enum(['required', 'optional']).optional(),
  /** Its people use these without being asked for consent. */
  mandatory_clients: z.array(z.string()).default([]),
  /** It has an agreement with these; its people are told so, and asked. */
  approved_clients: z.array(z.string()).max(10_000).optional(),
  /** Its people may not use these. */
  blocked_clients: z.array(z.string()).max(10_000).optional(),
  /** Whether its people may use any others. */
  other_clients: z.enum(['allowed', 'blocked']).optional(),
  /** Below this age, in years, its people may use mandatory clients only. Whose date of birth is not known is not below it. */
  mandatory_clients_only_below: z.number().int().min(1).max(21).optional(),
  /** Whom its people ask about applications. */
  contact: z.strictObject({ name: localizedText.optional(), email: z.email().optional(), url: z.url({ protocol: /^https?$/ }).optional() }).optional(),
})

/** An organization: people belong to it, clients and APIs are owned by it. */
export type Organization = z.output<typeof organizationSchema>
