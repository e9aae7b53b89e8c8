import { type Kysely, sql, type Transaction } from 'kysely'
import { perContext, type Context } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { DeclaredDocument } from '../database/declared.ts'
import type { Database } from '../database/schema.ts'
import type { Organization } from './organization.ts'

// Owns organizations.

const cache = perContext((ctx: Context) =>
  createCache<string, Organization>({
    name: 'organizations',
    versions: ctx.versions,
    max: 10_000,
    load: async (id) => {
      const row = await ctx.db.selectFrom('organizations').select('document').where('organization_id', '=', id).executeTakeFirst()
      return row?.document as Organization | undefined
    },
  }),
)

/** An organization, from memory. */
export async function findOrganization(ctx: Context, organizationId: string | undefined): Promise<Organization | undefined> {
  return organizationId === undefined ? undefined : cache(ctx).get(organizationId)
}

const everyOne = perContext((ctx: Context) =>
  createCache<'all', readonly Organization[]>({
    name: 'organizations',
    versions: ctx.versions,
    max: 1,
    load: async () => (await listOrganizations(ctx.db)).map(({ document }) => document as Organization),
  }),
)

/** All organizations, from memory: the same list as long as nothing changed. */
export async function findOrganizations(ctx: Context): Promise<readonly Organization[]> {
  return (await everyOne(ctx).get('all')) ?? []
}

/** An organization as the database has it now. */
export async function readOrganization(db: Kysely<Database>, organizationId: string): Promise<Organization | undefined> {
  const row = await db.selectFrom('organizations').select('document').where('organization_id', '=', organizationId).executeTakeFirst()
  return row?.document as Organization | undefined
}

/** The same with whether a file made it. */
export async function findOrganizationRow(db: Kysely<Database>, organizationId: string): Promise<DeclaredDocument | undefined> {
  const row = await db.selectFrom('organizations').selectAll().where('organization_id', '=', organizationId).executeTakeFirst()
  return row && { id: row.organization_id, document: row.document, declared: row.declared }
}

/** The organization whose people's addresses end with a domain. */
export async function findOrganizationByRealm(db: Kysely<Database>, realm: string): Promise<Organization | undefined> {
  const { rows } = await sql<{ document: Organization }>`select document from organizations where document->'realms' @> ${JSON.stringify([realm])}::jsonb order by organization_id limit 1`.execute(db)
  return rows[0]?.document
}

export async function listOrganizations(db: Kysely<Database>): Promise<readonly DeclaredDocument[]> {
  const rows = await db.selectFrom('organizations').selectAll().orderBy('organization_id').execute()
  return rows.map((row) => ({ id: row.organization_id, document: row.document, declared: row.declared }))
}

export async function saveOrganization(trx: Transaction<Database>, organization: Organization, declared: boolean): Promise<void> {
  const values = { document: JSON.stringify(organization), declared }
  await trx
    .insertInto('organizations')
    .values({ organization_id: organization.organization_id, ...values })
    .onConflict((conflict) => conflict.column('organization_id').doUpdateSet({ ...values, updated_at: sql`clock_now()` }))
    .execute()
  await raiseCacheVersion(trx, 'organizations')
}

export async function deleteOrganization(trx: Transaction<Database>, organizationId: string): Promise<void> {
  await trx.deleteFrom('organizations').where('organization_id', '=', organizationId).execute()
  await raiseCacheVersion(trx, 'organizations')
}
