import { type Kysely, sql, type Transaction } from 'kysely'
import { perContext, type Context } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { Database } from '../database/schema.ts'
import { inTransaction } from '../database/transaction.ts'
import type { Decision } from './requests.ts'

// Owns organization_approvals: what organizations let clients have about their own people, by realm. One row a client and realm, so that
// replacing a list is one statement. Does not own which scopes organizations decide about (scope-policy.ts).

export interface OrganizationApproval {
  readonly clientKey: string
  readonly realm: string
  readonly approved: readonly string[]
  /** The reasons, by scope. */
  readonly refused: Readonly<Record<string, string>>
  readonly decidedBy: string | undefined
  readonly decidedAt: Date
}

interface Row {
  readonly client_key: string
  readonly realm: string
  readonly approved: readonly string[]
  readonly refused: Readonly<Record<string, string>>
  readonly decided_by: string | null
  readonly decided_at: Date
}

function toApproval(row: Row): OrganizationApproval {
  return { clientKey: row.client_key, realm: row.realm, approved: row.approved, refused: row.refused, decidedBy: row.decided_by ?? undefined, decidedAt: row.decided_at }
}

const cache = perContext((ctx: Context) =>
  createCache<string, ReadonlyMap<string, readonly string[]>>({
    name: 'scope_approvals',
    versions: ctx.versions,
    max: 10_000,
    load: async (clientKey) => new Map((await listApprovalsOfClient(ctx.db, clientKey)).map(({ realm, approved }) => [realm, approved])),
  }),
)

/** What organizations let a client have, by realm, from memory. */
export async function findApprovals(ctx: Context, clientKey: string): Promise<ReadonlyMap<string, readonly string[]>> {
  return (await cache(ctx).get(clientKey)) ?? new Map()
}

/** What organizations have said of a client. */
export async function listApprovalsOfClient(db: Kysely<Database>, clientKey: string): Promise<readonly OrganizationApproval[]> {
  const { rows } = await sql<Row>`select client_key, realm, approved, refused, decided_by, decided_at from organization_approvals where client_key = ${clientKey} order by realm`.execute(db)
  return rows.map(toApproval)
}

/** What has been said in the name of these realms. */
export async function listApprovalsOfRealms(db: Kysely<Database>, realms: readonly string[]): Promise<readonly OrganizationApproval[]> {
  const { rows } = await sql<Row>`select client_key, realm, approved, refused, decided_by, decided_at from organization_approvals where realm = any(${[...realms]}::text[]) order by client_key, realm`.execute(db)
  return rows.map(toApproval)
}

type RealmDecision = Omit<Decision, 'scope'> & { readonly realm: string }

function record(ctx: Context, { clientId, realm, by }: RealmDecision, scopes: readonly string[], decision: 'approved' | 'refused' | 'withdrawn'): void {
  for (const scope of scopes) ctx.audit.record({ event: 'scope.organization_decided', clientId, realm, scope, decision, ...(by === undefined ? {} : { actor: by }) })
}

/** Replaces everything that a realm lets a client have by these scopes, which organizations must decide about. */
export async function replaceApprovals(ctx: Context, decision: RealmDecision, scopes: readonly string[]): Promise<void> {
  const { clientKey, realm, by } = decision
  const wanted = [...new Set(scopes)]
  const before = await inTransaction(ctx.db, async (trx) => {
    const { rows } = await sql<{ approved: readonly string[] }>`with before as (select approved from organization_approvals where client_key = ${clientKey} and realm = ${realm} for update),
      written as (insert into organization_approvals (client_key, realm, approved, decided_by) values (${clientKey}, ${realm}, ${wanted}, ${by ?? null})
        on conflict (client_key, realm) do update set approved = excluded.approved, refused = organization_approvals.refused - excluded.approved, decided_by = excluded.decided_by, decided_at = clock_now())
      select approved from before`.execute(trx)
    await raiseCacheVersion(trx, 'scope_approvals')
    return rows[0]?.approved ?? []
  })
  record(ctx, decision, wanted.filter((scope) => !before.includes(scope)), 'approved')
  record(ctx, decision, before.filter((scope) => !wanted.includes(scope)), 'withdrawn')
}

/** Forgets what a realm has said of a client. False when it had said nothing. */
export async function deleteApprovals(ctx: Context, decision: RealmDecision): Promise<boolean> {
  const { clientKey, realm } = decision
  const gone = await inTransaction(ctx.db, async (trx) => {
    const { rows } = await sql<{ approved: readonly string[] }>`delete from organization_approvals where client_key = ${clientKey} and realm = ${realm} returning approved`.execute(trx)
    if (rows.length > 0) await raiseCacheVersion(trx, 'scope_approvals')
    return rows[0]?.approved
  })
  if (gone !== undefined) record(ctx, decision, gone, 'withdrawn')
  return gone !== undefined
}

/** Forgets what was said about the scopes of an API that is removed. */
export async function forgetApprovals(trx: Transaction<Database>, apiId: string): Promise<void> {
  const isOf = sql`(s.scope = ${`gk_${apiId}`} or starts_with(s.scope, ${`gk_${apiId}_`}))`
  await sql`update organization_approvals set approved = array(select s.scope from unnest(approved) as s (scope) where not ${isOf}),
    refused = refused - array(select s.scope from jsonb_object_keys(refused) as s (scope) where ${isOf})
    where exists (select from unnest(approved || array(select jsonb_object_keys(refused))) as s (scope) where ${isOf})`.execute(trx)
  await raiseCacheVersion(trx, 'scope_approvals')
}

async function changeOne(ctx: Context, decision: RealmDecision, scope: string, said: 'approved' | 'refused' | 'withdrawn', statement: ReturnType<typeof sql>): Promise<boolean> {
  const changed = await inTransaction(ctx.db, async (trx) => {
    const { rows } = await statement.execute(trx)
    if (rows.length > 0) await raiseCacheVersion(trx, 'scope_approvals')
    return rows.length > 0
  })
  if (changed) record(ctx, decision, [scope], said)
  return changed
}

/** Lets a client have a scope about the people of a realm. False when it has it: of a hundred at once, one changes something. */
export function approveForRealm(ctx: Context, decision: RealmDecision, scope: string): Promise<boolean> {
  const { clientKey, realm, by } = decision
  return changeOne(ctx, decision, scope, 'approved', sql`
    insert into organization_approvals as o (client_key, realm, approved, decided_by) values (${clientKey}, ${realm}, ${[scope]}, ${by ?? null})
    on conflict (client_key, realm) do update set approved = o.approved || excluded.approved, refused = o.refused - ${scope}, decided_by = excluded.decided_by, decided_at = clock_now()
      where not o.approved @> excluded.approved
    returning realm`)
}

/** Refuses a scope about the people of a realm, also one that was approved, with a reason. False when it was refused before. */
export function refuseForRealm(ctx: Context, decision: RealmDecision, scope: string, reason: string): Promise<boolean> {
  const { clientKey, realm, by } = decision
  const refused = JSON.stringify({ [scope]: reason.slice(0, 1000) })
  return changeOne(ctx, decision, scope, 'refused', sql`
    insert into organization_approvals as o (client_key, realm, refused, decided_by) values (${clientKey}, ${realm}, ${refused}::jsonb, ${by ?? null})
    on conflict (client_key, realm) do update set approved = array_remove(o.approved, ${scope}), refused = o.refused || excluded.refused, decided_by = excluded.decided_by, decided_at = clock_now()
      where not o.refused ? ${scope}
    returning realm`)
}
