import { type Kysely, sql, type Transaction } from 'kysely'
import { perContext, type Context } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { DeclaredDocument } from '../database/declared.ts'
import type { Database } from '../database/schema.ts'
import type { LocalizedText } from '../protocol/localized-text.ts'
import { readApiScope } from './api.ts'
import { findScopePolicy } from './scope-policy.ts'
import { hasEnd, isStandardScope, type ScopeDefinition, splitDuration } from './scope-definition.ts'
import { findKnownApi } from './store.ts'

// Owns scopes: those an operator declares beside the standard ones and the APIs' own.

const cache = perContext((ctx: Context) =>
  createCache<string, ScopeDefinition>({
    name: 'scopes',
    versions: ctx.versions,
    max: 10_000,
    load: async (scope) => {
      const row = await ctx.db.selectFrom('scopes').select('document').where('scope', '=', scope).executeTakeFirst()
      return row?.document as ScopeDefinition | undefined
    },
  }),
)

/** The declaration of a scope that is no API's, from memory. */
export function findScope(ctx: Context, scope: string): Promise<ScopeDefinition | undefined> {
  return cache(ctx).get(scope)
}

/** The declaration that a value with a number of days is of, too. */
async function definitionOf(ctx: Context, scope: string): Promise<ScopeDefinition | undefined> {
  const definition = await findScope(ctx, scope)
  const base = splitDuration(scope)?.base
  if (definition !== undefined || base === undefined) return definition
  const limited = await findScope(ctx, base)
  return limited !== undefined && hasEnd(limited) ? limited : undefined
}

export interface ScopeText {
  readonly title: LocalizedText
  readonly description: LocalizedText | undefined
  /** The API it belongs to, and its owner's organization. */
  readonly api: { readonly name: LocalizedText; readonly organization: string | undefined; readonly receives: readonly string[] } | undefined
}

/** The words for a scope that is not a standard one, from its declaration or its API; nothing when nobody declared it. */
export async function describeScope(ctx: Context, scope: string): Promise<ScopeText | undefined> {
  const definition = await definitionOf(ctx, scope)
  if (definition !== undefined) return { title: definition.title, description: definition.description, api: undefined }
  const named = readApiScope(scope)
  const api = named === undefined ? undefined : await findKnownApi(ctx, named.apiId)
  if (named === undefined || api === undefined) return undefined
  // Whoever may not come in gets to know nothing: it stands with the scope that lets in.
  const owner = { name: api.name, organization: api.organization, receives: named.name === undefined ? (api.receives ?? []) : [] }
  if (named.name === undefined) return { title: api.title ?? api.name, description: api.description, api: owner }
  const sub = Object.hasOwn(api.scopes, named.name) ? api.scopes[named.name] : undefined
  return sub === undefined ? undefined : { title: sub.title, description: sub.description, api: owner }
}

/** What APIs of these scopes get to know about the person, each as `scope>what`: a consent covers what was read there, and nothing that came later. */
export async function receivedWith(ctx: Context, scopes: readonly string[]): Promise<readonly string[]> {
  const named = scopes.filter((scope) => readApiScope(scope)?.name === undefined && readApiScope(scope) !== undefined)
  const texts = await Promise.all(named.map((scope) => describeScope(ctx, scope)))
  return named.flatMap((scope, i) => (texts[i]?.api?.receives ?? []).map((what) => `${scope}>${what}`))
}

/** Whether an application that nobody here knows may ask people for a scope: the standard ones, and those of APIs that nobody has to approve. */
export async function isOpenScope(ctx: Context, scope: string): Promise<boolean> {
  if (isStandardScope(scope)) return true
  return (await findScopePolicy(ctx, scope))?.approval === 'auto'
}

export async function listScopes(db: Kysely<Database>): Promise<readonly DeclaredDocument[]> {
  const rows = await db.selectFrom('scopes').selectAll().orderBy('scope').execute()
  return rows.map((row) => ({ id: row.scope, document: row.document, declared: row.declared }))
}

export async function saveScope(trx: Transaction<Database>, definition: ScopeDefinition, declared: boolean): Promise<void> {
  const values = { document: JSON.stringify(definition), declared }
  await trx
    .insertInto('scopes')
    .values({ scope: definition.scope, ...values })
    .onConflict((conflict) => conflict.column('scope').doUpdateSet({ ...values, updated_at: sql`clock_now()` }))
    .execute()
  await raiseCacheVersion(trx, 'scopes')
}

export async function deleteScope(trx: Transaction<Database>, scope: string): Promise<void> {
  await trx.deleteFrom('scopes').where('scope', '=', scope).execute()
  await raiseCacheVersion(trx, 'scopes')
}
