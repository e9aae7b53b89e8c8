import { type Kysely, sql, type Transaction } from 'kysely'
import { perContext, type Context } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { DeclaredDocument } from '../database/declared.ts'
import type { Database } from '../database/schema.ts'
import type { AuthorizationType } from './authorization-type.ts'

// Owns authorization_types: the types of authorization details that are declared here (RFC 9396 §2).

interface Row {
  readonly type: string
  readonly document: AuthorizationType
  readonly declared: boolean
}

const ALL = 'all'

const cache = perContext((ctx: Context) =>
  createCache<string, ReadonlyMap<string, AuthorizationType>>({
    // They change as seldom as scopes do, and share their counter.
    name: 'scopes',
    versions: ctx.versions,
    max: 1,
    load: async () => {
      const { rows } = await sql<Row>`select type, document, declared from authorization_types order by type`.execute(ctx.db)
      return new Map(rows.map(({ type, document }) => [type, document]))
    },
  }),
)

/** Every declared type by its name, from memory. */
export async function findAuthorizationTypes(ctx: Context): Promise<ReadonlyMap<string, AuthorizationType>> {
  return (await cache(ctx).get(ALL)) ?? new Map()
}

export async function listAuthorizationTypes(db: Kysely<Database>): Promise<readonly DeclaredDocument[]> {
  const { rows } = await sql<Row>`select type, document, declared from authorization_types order by type`.execute(db)
  return rows.map(({ type, document, declared }) => ({ id: type, document, declared }))
}

export async function saveAuthorizationType(trx: Transaction<Database>, document: AuthorizationType, declared: boolean): Promise<void> {
  const text = JSON.stringify(document)
  await sql`insert into authorization_types (type, document, declared) values (${document.type}, ${text}, ${declared})
    on conflict (type) do update set document = excluded.document, declared = excluded.declared, updated_at = clock_now()`.execute(trx)
  await raiseCacheVersion(trx, 'scopes')
}

export async function deleteAuthorizationType(trx: Transaction<Database>, type: string): Promise<void> {
  await sql`delete from authorization_types where type = ${type}`.execute(trx)
  await raiseCacheVersion(trx, 'scopes')
}
