import { describeScope, type ScopeText } from '../apis/scopes.ts'
import { isOwnScope } from '../apis/scope-definition.ts'
import type { Context } from '../context.ts'
import { type Locale, localized } from '../http/locale.ts'
import type { ScopeItem } from '../http/scope-item.ts'
import { findOrganization } from '../organizations/store.ts'
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

async function apiItem(ctx: Context, api: NonNullable<ScopeText['api']>, user: User, language: Locale): Promise<NonNullable<ScopeItem['api']>> {
  const [owner, receives] = await Promise.all([findOrganization(ctx, api.organization), Promise.all(api.receives.map((scope) => plainItem(ctx, scope, user, language)))])
  return { name: localized(api.name, language), owner: owner && localized(owner.name, language), receives }
}

/** The words alone: what an API gets to know is not unfolded once more. */
async function plainItem(ctx: Context, scope: string, user: User, language: Locale): Promise<ScopeItem> {
  if (isOwnScope(scope)) return { scope, value: valueOf(scope, user) }
  const text = await describeScope(ctx, scope)
  return text === undefined ? { scope } : { scope, sentence: localized(text.title, language), details: text.description && localized(text.description, language) }
}

/** One line of the consent page. */
export async function scopeItem(ctx: Context, scope: string, user: User, language: Locale): Promise<ScopeItem> {
  const item = await plainItem(ctx, scope, user, language)
  const api = isOwnScope(scope) ? undefined : (await describeScope(ctx, scope))?.api
  return api === undefined ? item : { ...item, api: await apiItem(ctx, api, user, language) }
}
