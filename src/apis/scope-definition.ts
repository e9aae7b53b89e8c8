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

/** Ours too, for clients that an operator gives them to: what institutions call the person, and the other members of the person's groups. */
export const givenScopes = ['userid-feide', 'groups-memberids'] as const

/** The scopes of this server's own API, for clients that an operator gives them to. */
export const ownApiScopes = [
  'consent.create',
  'consent.events',
  'consent.use',
  'portner.clients.read',
  'portner.clients.write',
  'portner.apis.read',
  'portner.apis.write',
  'portner.organizations.read',
  'portner.organizations.write',
  'portner.providers.read',
  'portner.providers.write',
  'portner.trusted_issuers.read',
  'portner.trusted_issuers.write',
  'portner.users.read',
  'portner.users.write',
  'portner.scopes.read',
  'portner.scopes.write',
  'portner.consents.write',
  'portner.statistics.read',
  'portner.diagnoses.read',
  'portner.audit.read',
  'portner.operators.read',
  'portner.operators.write',
  'portner.keys.read',
  'portner.keys.write',
  'portner.system.read',
] as const

export function isStandardScope(scope: string): boolean {
  return (standardScopes as readonly string[]).includes(scope)
}

/** A scope that this server has words of its own for, whoever may have it. */
export function isOwnScope(scope: string): boolean {
  return isStandardScope(scope) || (givenScopes as readonly string[]).includes(scope)
}

/** A scope that a client has by an operator's word only. */
export function isGivenScope(scope: string): boolean {
  return (ownApiScopes as readonly string[]).includes(scope) || (givenScopes as readonly string[]).includes(scope)
}

const DURATION = /^(.+)\.(\d{1,6})$/

/** A scope value with a number of days at its end, taken apart: `debt.presentation.100` is `debt.presentation` for 100 days. Whether that is what it means, its declaration says. */
export function splitDuration(scope: string): { readonly base: string; readonly days: string } | undefined {
  const [, base, days] = DURATION.exec(scope) ?? []
  return base === undefined || days === undefined ? undefined : { base, days }
}

/** Whether consent to a scope comes to an end: it is for one use, or for a number of days. */
export function hasEnd({ consent }: ScopeDefinition): boolean {
  return consent !== undefined && (consent.single_use || consent.max_days !== undefined)
}
