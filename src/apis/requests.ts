import { type Kysely, sql, type Transaction } from 'kysely'
import { perContext, type Context } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { Database } from '../database/schema.ts'
import { inTransaction } from '../database/transaction.ts'
import { readApiScope } from './api.ts'
import { policyOf, type ScopePolicy } from './scope-policy.ts'
import { readApis } from './store.ts'

// Owns scope_requests: what was decided of each scope of an API that a client wishes for. Does not own what follows for a token
// (approved-scopes.ts), what organizations decide about their people (organization-approvals.ts), nor who may decide (organizations/can.ts).

export type RequestState = 'requested' | 'granted' | 'refused'
/** Why it stands as it does: the API asks nobody, its owner is the client's, an operator registered the client, or somebody decided. */
export type Basis = 'auto' | 'own' | 'operator' | 'decision'

/** A client as far as the decision goes. */
export interface AskingClient {
  readonly key: string
  readonly metadata: { readonly organization?: string | undefined }
}

/** What a client may have without anybody being asked, and why. An operator's word and the owner's stand for the owner's approval, never for an organization's. */
export function grantedAtOnce({ api, approval }: ScopePolicy, { organization, operator }: { readonly organization: string | undefined; readonly operator: boolean }): Basis | undefined {
  if (approval === 'auto') return 'auto'
  if (organization !== undefined && organization === api.organization) return 'own'
  return operator ? 'operator' : undefined
}

const cache = perContext((ctx: Context) =>
  createCache<string, ReadonlyMap<string, RequestState>>({
    name: 'scope_approvals',
    versions: ctx.versions,
    max: 10_000,
    load: async (clientKey) => {
      const { rows } = await sql<{ scope: string; state: RequestState }>`select scope, state from scope_requests where client_key = ${clientKey}`.execute(ctx.db)
      return new Map(rows.map(({ scope, state }) => [scope, state]))
    },
  }),
)

/** What was decided of a client's wishes, by scope, from memory. */
export async function findRequestStates(ctx: Context, clientKey: string): Promise<ReadonlyMap<string, RequestState>> {
  return (await cache(ctx).get(clientKey)) ?? new Map()
}

export interface Wish {
  readonly clientKey: string
  /** The whole `scope` of the client's registration. */
  readonly scope: string
  /** The client's. */
  readonly organization: string | undefined
  /** Whether an operator registers it. */
  readonly operator: boolean
  /** The person who asks. */
  readonly by?: string | undefined
}

interface Asked {
  readonly scope: string
  readonly state: RequestState
  readonly basis: Basis
}

async function judge(db: Kysely<Database>, wish: Wish): Promise<readonly Asked[]> {
  const scopes = [...new Set(wish.scope.split(' '))].filter((scope) => readApiScope(scope) !== undefined)
  const apis = await readApis(db, [...new Set(scopes.map((scope) => readApiScope(scope)?.apiId ?? ''))])
  return scopes.flatMap((scope): readonly Asked[] => {
    const policy = apis.map((api) => policyOf(api, scope)).find((one) => one !== undefined)
    const basis = policy === undefined ? (wish.operator ? 'operator' : undefined) : grantedAtOnce(policy, wish)
    // What nobody has, nobody can be asked for.
    if (policy === undefined && basis === undefined) return []
    return [{ scope, state: basis === undefined ? 'requested' : 'granted', basis: basis ?? 'decision' }]
  })
}

/**
 * Notes what a client wishes for, to be called by whoever saves its registration, in the same transaction: what nobody has to approve is
 * granted, the rest waits, and what it does not wish for any more is forgotten but for a refusal. What was decided stays; what waits already
 * is granted by an operator's file, and not by an operator who changes something else. Returns the
 * scopes that wait since now.
 */
export async function noteWishes(trx: Transaction<Database>, wish: Wish): Promise<readonly string[]> {
  const asked = await judge(trx, wish)
  const column = <K extends keyof Asked>(name: K): Asked[K][] => asked.map((one) => one[name])
  const scopes = column('scope')
  const gone = await sql`delete from scope_requests where client_key = ${wish.clientKey} and scope <> all(${scopes}::text[]) and state <> 'refused'`.execute(trx)
  if (asked.length === 0 && (gone.numAffectedRows ?? 0n) === 0n) return []
  const { rows } = await sql<{ scope: string; state: RequestState }>`
    insert into scope_requests as r (client_key, scope, api_id, state, basis, asked_by, decided_at, told)
    select ${wish.clientKey}, a.scope, split_part(a.scope, '_', 2), a.state, a.basis, ${wish.by ?? null}, case when a.state = 'granted' then clock_now() end, a.state = 'granted'
    from unnest(${scopes}::text[], ${column('state')}::text[], ${column('basis')}::text[]) as a (scope, state, basis)
    on conflict (client_key, scope) do update set state = excluded.state, basis = excluded.basis, decided_at = excluded.decided_at, told = excluded.told
      where (r.state = 'requested' and excluded.state = 'granted' and (excluded.basis <> 'operator' or excluded.asked_by is null)) or (r.basis = 'own' and r.state = 'granted' and excluded.basis <> 'own')
    returning r.scope, r.state`.execute(trx)
  await raiseCacheVersion(trx, 'scope_approvals')
  return rows.filter(({ state }) => state === 'requested').map(({ scope }) => scope)
}

/** A wish and what was decided of it. */
export interface ScopeRequest {
  readonly clientKey: string
  readonly scope: string
  readonly apiId: string
  readonly state: RequestState
  readonly basis: Basis
  /** Of a refusal. */
  readonly reason: string | undefined
  readonly askedBy: string | undefined
  readonly askedAt: Date
  readonly decidedBy: string | undefined
  readonly decidedAt: Date | undefined
}

const COLUMNS = sql`client_key as "clientKey", scope, api_id as "apiId", state, basis, reason, asked_by as "askedBy", asked_at as "askedAt", decided_by as "decidedBy", decided_at as "decidedAt"`
type Row = { readonly [K in keyof ScopeRequest]: Exclude<ScopeRequest[K], undefined> | (undefined extends ScopeRequest[K] ? null : never) }

function toRequest(row: Row): ScopeRequest {
  return { ...row, reason: row.reason ?? undefined, askedBy: row.askedBy ?? undefined, decidedBy: row.decidedBy ?? undefined, decidedAt: row.decidedAt ?? undefined }
}

/** The wishes of one client, by scope. */
export async function listRequestsOfClient(db: Kysely<Database>, clientKey: string): Promise<readonly ScopeRequest[]> {
  const { rows } = await sql<Row>`select ${COLUMNS} from scope_requests where client_key = ${clientKey} order by scope`.execute(db)
  return rows.map(toRequest)
}

/** The wishes for scopes of these APIs, those that waited longest first. */
export async function listRequestsOfApis(db: Kysely<Database>, apiIds: readonly string[], states: readonly RequestState[]): Promise<readonly ScopeRequest[]> {
  const { rows } = await sql<Row>`select ${COLUMNS} from scope_requests where api_id = any(${[...apiIds]}::text[]) and state = any(${[...states]}::text[]) order by asked_at, client_key, scope`.execute(db)
  return rows.map(toRequest)
}

/** What changed and nobody has been told of: a wish that waits, or a decision. At most `limit`, the oldest first. */
export async function listUntold(db: Kysely<Database>, limit: number): Promise<readonly ScopeRequest[]> {
  const { rows } = await sql<Row>`select ${COLUMNS} from scope_requests where not told order by asked_at, client_key, scope limit ${limit}`.execute(db)
  return rows.map(toRequest)
}

/** Notes that somebody was told, unless it stands otherwise by now. */
export async function noteTold(db: Kysely<Database>, told: readonly ScopeRequest[]): Promise<void> {
  await sql`update scope_requests r set told = true from unnest(${told.map(({ clientKey }) => clientKey)}::bigint[], ${told.map(({ scope }) => scope)}::text[], ${told.map(({ state }) => state)}::text[]) as t (client_key, scope, state)
    where r.client_key = t.client_key and r.scope = t.scope and r.state = t.state`.execute(db)
}

/** Forgets what was decided about an API that is removed: another of its name inherits nothing. */
export async function forgetRequests(trx: Transaction<Database>, apiId: string): Promise<void> {
  await sql`delete from scope_requests where api_id = ${apiId}`.execute(trx)
  await raiseCacheVersion(trx, 'scope_approvals')
}

/** A decision about one scope of one client. */
export interface Decision {
  readonly clientKey: string
  readonly clientId: string
  readonly scope: string
  /** The person who decides; nobody for an operator at the command line. */
  readonly by: string | undefined
}

const LONGEST_REASON = 1000

async function decide(ctx: Context, { clientKey, clientId, scope, by }: Decision, decision: 'granted' | 'refused' | 'withdrawn', from: readonly RequestState[], reason: string | null): Promise<boolean> {
  const state = decision === 'granted' ? 'granted' : 'refused'
  const decided = await inTransaction(ctx.db, async (trx) => {
    // One statement: of a hundred who decide at once, one does.
    const { rows } = await sql`update scope_requests set state = ${state}, basis = 'decision', reason = ${reason}, decided_by = ${by ?? null}, decided_at = clock_now(), told = false
      where client_key = ${clientKey} and scope = ${scope} and state = any(${[...from]}::text[]) returning scope`.execute(trx)
    if (rows.length > 0) await raiseCacheVersion(trx, 'scope_approvals')
    return rows.length > 0
  })
  if (decided) ctx.audit.record({ event: 'scope.decided', clientId, scope, decision, ...(by === undefined ? {} : { actor: by }) })
  return decided
}

/** Grants what waits, or what was refused before. False when there is no such request, or it is granted already. */
export function grantScope(ctx: Context, decision: Decision): Promise<boolean> {
  return decide(ctx, decision, 'granted', ['requested', 'refused'], null)
}

/** Refuses what waits, with a reason for the client's owner. False when nothing waits. */
export function refuseScope(ctx: Context, decision: Decision, reason: string): Promise<boolean> {
  return decide(ctx, decision, 'refused', ['requested'], reason.slice(0, LONGEST_REASON))
}

/** Takes back what was granted, on whatever ground: for new tokens at once, for live ones within a second. False when it was not granted. */
export function withdrawScope(ctx: Context, decision: Decision, reason: string): Promise<boolean> {
  return decide(ctx, decision, 'withdrawn', ['granted'], reason.slice(0, LONGEST_REASON))
}

const AGAIN_AFTER_HOURS = 24

/** Asks once more for what was refused, not within a day of that. False when it was not refused, or too lately. */
export async function askAgain(ctx: Context, { clientKey, clientId, scope, by }: Decision): Promise<boolean> {
  const asked = await inTransaction(ctx.db, async (trx) => {
    const { rows } = await sql`update scope_requests set state = 'requested', asked_by = ${by ?? null}, asked_at = clock_now(), told = false
      where client_key = ${clientKey} and scope = ${scope} and state = 'refused' and decided_at <= clock_now() - make_interval(hours => ${AGAIN_AFTER_HOURS}) returning scope`.execute(trx)
    if (rows.length > 0) await raiseCacheVersion(trx, 'scope_approvals')
    return rows.length > 0
  })
  if (asked) ctx.audit.record({ event: 'scope.requested', clientId, scope, ...(by === undefined ? {} : { actor: by }) })
  return asked
}
