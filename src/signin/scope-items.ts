import { describeScope } from '../apis/scopes.ts'
import { isStandardScope } from '../apis/scope-definition.ts'
import type { Context } from '../context.ts'
import { type Locale, localized } from '../http/locale.ts'
import type { ScopeItem } from '../http/scope-item.ts'
import type { User } from '../users/user.ts'

// What a scope means to this very person: the sentence, with their own value where we have it.

function valueOf(scope: string, user: User): string | undefined {
  const { claims, groups, userId } = user
  if (scope === 'profile') return claims.name
  if (scope === 'email') return claims.email
  if (scope === 'phone') return claims.phone_number
  if (scope === 'address') return claims.address?.formatted ?? claims.address?.locality
  if (scope === 'groups') return groups.length === 0 ? undefined : groups.join(', ')
  return scope === 'userid' ? userId : undefined
}

/** One line of the consent page. */
export async function scopeItem(ctx: Context, scope: string, user: User, language: Locale): Promise<ScopeItem> {
  if (isStandardScope(scope)) return { scope, value: valueOf(scope, user) }
  const text = await describeScope(ctx, scope)
  if (text === undefined) return { scope }
  const details = [text.description && localized(text.description, language), text.api && localized(text.api.name, language)].filter((part) => part !== undefined)
  return { scope, sentence: localized(text.title, language), ...(details.length === 0 ? {} : { details: details.join(' · ') }) }
}
