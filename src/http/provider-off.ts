import type { Locale } from './locale.ts'
import { translator } from './messages.ts'

const SENTENCES = { left: 'provider-off.left', expired: 'provider-off.expired', declared: 'provider-off.declared', operator: 'provider-off.other', other: 'provider-off.other' } as const

/** Why nobody can sign in at an institution just now, in words; `other` where an operator switched it off. */
export function providerOff(locale: Locale, reason: keyof typeof SENTENCES): string {
  return translator(locale).text(SENTENCES[reason])
}
