import { z } from 'zod'
import { localizedText } from '../protocol/localized-text.ts'

/** What the declaration of a scope that is no API's may say. */
export const scopeSchema = z.strictObject({
  scope: z.string().max(200).regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be one scope value'),
  title: localizedText,
  description: localizedText.optional(),
  consent: z.strictObject({ single_use: z.boolean().default(false), max_days: z.number().int().min(1).max(3650).optional() }).optional(),
})

/** A scope of an operator's own, with its texts for the consent page. */
export type ScopeDefinition = z.output<typeof scopeSchema>

/** The scopes that OpenID Connect and this server define themselves (Core §5.4; `groups` and `userid` ours). */
export const standardScopes = ['openid', 'profile', 'email', 'phone', 'address', 'groups', 'userid', 'offline_access'] as const

export function isStandardScope(scope: string): boolean {
  return (standardScopes as readonly string[]).includes(scope)
}
