import { z } from 'zod'
import { realm } from '../organizations/organization.ts'
import { localizedText } from '../protocol/localized-text.ts'
import { secondaryIdKinds } from '../users/secondary-ids.ts'

/** What the declaration of every place to sign in may say. Each protocol adds its own members (connector.ts). */
export const providerMembers = {
  name: localizedText,
  organization: z.string().optional(),
  country: z.string().regex(/^[a-z]{2}$/, 'must be a two-letter country code in lower case').optional(),
  /** Domains of its people's addresses, beside those of its organization. */
  realms: z.array(realm).max(100).optional(),
  keywords: z.array(z.string().min(1).max(100)).max(50).default([]),
  login_hint: localizedText.optional(),
  disabled: z.boolean().default(false),
  /** Whose word about such an id is enough to find a person whom another provider brought. Nobody's, unless the operator says so. */
  trusted_identifiers: z.array(z.enum(secondaryIdKinds)).max(secondaryIdKinds.length).optional(),
  /** Not shown among others: only a link or a client that names it leads there. */
  hidden: z.boolean().optional(),
}

/** The name of a provider: in addresses, in `login_providers`, and half of every identity. */
export const providerId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be 1 to 63 of a-z 0-9 . _ -')

/** Why a federation's provider is switched off: not in its list any more, the list too old to be believed, declared by a file itself, or an operator's word, which no import undoes. */
const disabledReason = z.enum(['left', 'expired', 'declared', 'operator'])
export type DisabledReason = z.output<typeof disabledReason>

const providerSchema = z.object({ provider_id: providerId, protocol: z.string(), ...providerMembers, disabled_reason: disabledReason.optional() })

/** A place where people sign in, whatever its protocol. */
export type Provider = z.output<typeof providerSchema>

/** A provider with what its organization adds: realms, and the country where it says none itself. */
export interface ProviderFacts {
  readonly provider: Provider
  readonly realms: readonly string[]
  readonly country: string | undefined
}

function accepts(rule: string, { provider, realms, country }: ProviderFacts): boolean {
  const at = rule.indexOf(':')
  const value = rule.slice(at + 1)
  if (at < 0) return rule === 'all' || rule === provider.provider_id
  if (rule.startsWith('realm:')) return realms.includes(value)
  if (rule.startsWith('country:')) return country === value
  if (rule.startsWith('protocol:')) return provider.protocol === value
  return false
}

/** Whether a client's `login_providers` accepts a provider: `all`, a provider id, `realm:`, `country:` or `protocol:`. */
export function isAccepted(rules: readonly string[], facts: ProviderFacts): boolean {
  return !facts.provider.disabled && rules.some((rule) => accepts(rule, facts))
}
