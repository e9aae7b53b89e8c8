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
  mandatory_clients: z.array(z.string()).default([]),
})

/** An organization: people belong to it, clients and APIs are owned by it. */
export type Organization = z.output<typeof organizationSchema>
