import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import { perContext, type Context } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { DeclaredDocument } from '../database/declared.ts'
import type { Database } from '../database/schema.ts'
import type { Api } from './api.ts'
import { apiIdOfAddress } from './gatekeeper-address.ts'

// Owns apis.

/** An API with what the gatekeeper needs to know beside its document. */
export interface GatekeptApi {
  readonly api: Api
  /** An operator's file made it: its upstream may be in the own network. */
  readonly declared: boolean
  readonly sealedSecret: Buffer | undefined
}

function lookUp(column: 'api_id' | 'audience') {
  return perContext((ctx: Context) =>
    createCache<string, Api>({
      name: 'apis',
      versions: ctx.versions,
      max: 10_000,
      load: async (value) => {
        const row = await ctx.db.selectFrom('apis').select('document').where(column, '=', value).executeTakeFirst()
        return row?.document as Api | undefined
      },
    }),
  )
}

const byId = lookUp('api_id')
const byAudience = lookUp('audience')

const gatekept = perContext((ctx: Context) =>
  createCache<string, GatekeptApi>({
    name: 'apis',
    versions: ctx.versions,
    max: 10_000,
    load: async (apiId) => {
      const row = await ctx.db.selectFrom('apis').select(['document', 'declared', 'sealed_secret']).where('api_id', '=', apiId).executeTakeFirst()
      return row === undefined ? undefined : { api: row.document as Api, declared: row.declared, sealedSecret: row.sealed_secret ?? undefined }
    },
  }),
)

/** Nothing for one that its owner switched off: nobody gets in, and its name stands for nothing. */
function unlessOff(api: Api | undefined): Api | undefined {
  return api?.disabled === true ? undefined : api
}

/** An API as the gatekeeper needs it, from memory; not one that is switched off. The same value as long as nothing changed. */
export async function findGatekeptApi(ctx: Context, apiId: string): Promise<GatekeptApi | undefined> {
  const found = await gatekept(ctx).get(apiId)
  return found?.api.disabled === true ? undefined : found
}

/** An API by its id, from memory; not one that is switched off. */
export async function findApi(ctx: Context, apiId: string): Promise<Api | undefined> {
  return unlessOff(await byId(ctx).get(apiId))
}

/** An API by its id, from memory, also one that is switched off: for its words, and for what people and clients have of it. */
export function findKnownApi(ctx: Context, apiId: string): Promise<Api | undefined> {
  return byId(ctx).get(apiId)
}

/** How this server's own endpoints may be named as a resource: all together, or the one that tells about people (RFC 9728 §1.2). */
export function ownResources(issuer: string): readonly string[] {
  return [issuer, `${issuer}/userinfo`]
}

/** This server's own endpoints as an API: a token for others only must not open /userinfo (RFC 8707 §3), so a client may ask for both. */
function ownEndpoints(audience: string): Api {
  return { api_id: 'portner', name: 'Portner', audience, access_token_format: 'opaque', access_token_signing_alg: 'ES256', require_user: false, approval: 'auto', scopes: {} }
}

async function namedBy(ctx: Context, audience: string): Promise<Api | undefined> {
  if (ownResources(ctx.config.issuer).includes(audience)) return ownEndpoints(audience)
  const apiId = apiIdOfAddress(ctx.config, audience)
  return apiId === undefined ? byAudience(ctx).get(audience) : byId(ctx).get(apiId)
}

/** An API by its audience or its address at the gatekeeper, from memory; not one that is switched off. The issuer stands for this server's own endpoints. */
export async function findApiByAudience(ctx: Context, audience: string): Promise<Api | undefined> {
  return unlessOff(await namedBy(ctx, audience))
}

/** Whether a token of this audience is for APIs alone that are switched off, from memory. */
export async function isForNobody(ctx: Context, audience: readonly string[]): Promise<boolean> {
  for (const one of audience) if ((await namedBy(ctx, one))?.disabled !== true) return false
  return audience.length > 0
}

const anyOff = perContext((ctx: Context) =>
  createCache<'disabled', readonly unknown[]>({
    name: 'apis',
    versions: ctx.versions,
    max: 1,
    load: () => ctx.db.selectFrom('apis').select('api_id').where(sql<boolean>`document @> '{"disabled": true}'`).limit(1).execute(),
  }),
)

/** Whether any API is switched off, from memory: for who would have to ask the database first which ones a request is about. */
export async function isAnySwitchedOff(ctx: Context): Promise<boolean> {
  return (await anyOff(ctx).get('disabled'))?.length === 1
}

/** These APIs as the database has them now; those that are not there are left out. */
export async function readApis(db: Kysely<Database>, ids: readonly string[]): Promise<readonly Api[]> {
  if (ids.length === 0) return []
  const rows = await db.selectFrom('apis').select('document').where('api_id', 'in', [...ids]).execute()
  return rows.map((row) => row.document as Api)
}

/** The APIs with a scope that organizations decide about. */
export async function listModeratedApis(db: Kysely<Database>): Promise<readonly Api[]> {
  const { rows } = await sql<{ document: Api }>`select document from apis
    where document->>'approval' = 'organization' or jsonb_path_exists(document, '$.scopes.*.approval ? (@ == "organization")') order by api_id`.execute(db)
  return rows.map(({ document }) => document)
}

/** An API as it was declared; `secret` is sealed. */
export interface ApiRow extends DeclaredDocument {
  readonly secret: string | undefined
  /** An operator switched it off. */
  readonly isHeld: boolean
}

function toApiRow(row: Selectable<Database['apis']>): ApiRow {
  return { id: row.api_id, document: row.document, declared: row.declared, secret: row.sealed_secret?.toString('base64'), isHeld: row.held }
}

export async function listApis(db: Kysely<Database>): Promise<readonly ApiRow[]> {
  return (await db.selectFrom('apis').selectAll().orderBy('api_id').execute()).map(toApiRow)
}

export async function findApiRow(db: Kysely<Database>, apiId: string): Promise<ApiRow | undefined> {
  const row = await db.selectFrom('apis').selectAll().where('api_id', '=', apiId).executeTakeFirst()
  return row && toApiRow(row)
}

/** Creates or replaces an API. `isHeld`: it is switched off by an operator's word. `sealedSecret` null forgets the secret there is; left out, it stays. */
export async function saveApi(trx: Transaction<Database>, api: Api, { declared, isHeld, sealedSecret }: { readonly declared: boolean; readonly isHeld: boolean; readonly sealedSecret?: Buffer | null | undefined }): Promise<void> {
  const values = { audience: api.audience ?? null, document: JSON.stringify(api), declared, held: isHeld, ...(sealedSecret === undefined ? {} : { sealed_secret: sealedSecret }) }
  await trx
    .insertInto('apis')
    .values({ api_id: api.api_id, ...values })
    .onConflict((conflict) => conflict.column('api_id').doUpdateSet({ ...values, updated_at: sql`clock_now()` }))
    .execute()
  await raiseCacheVersion(trx, 'apis')
}

export async function deleteApi(trx: Transaction<Database>, apiId: string): Promise<void> {
  await trx.deleteFrom('apis').where('api_id', '=', apiId).execute()
  await raiseCacheVersion(trx, 'apis')
}
