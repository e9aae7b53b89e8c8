import { z } from 'zod'
import type { Context } from '../../context.ts'
import { switchProviderBy } from '../../declarations/provider-state.ts'
import { sha256 } from '../../lib/digest.ts'
import { can } from '../../organizations/can.ts'
import { listTroubles, type Trouble } from '../../upstream/health.ts'
import { type KnownProvider, listKnownProviders, readProvider } from '../../upstream/store.ts'
import type { Caller } from '../caller.ts'
import { pageQuery, readCursor, toPage } from '../cursor.ts'
import { forbidden, notFound, seenOther } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const COLLECTION = '/api/provider-states'
const ONE = `${COLLECTION}/{provider_id}`
const MOST_TROUBLES = 1000

const state = z.strictObject({
  provider_id: z.string(),
  protocol: z.string(),
  federation: z.string().optional(),
  disabled: z.boolean(),
  disabled_reason: z.string().optional(),
  failures: z.int().describe('Since it last answered'),
  failed_at: z.iso.datetime().optional(),
})
const shown = { name: 'ProviderState', schema: state }

type Troubles = ReadonlyMap<string, Trouble>

async function troubles(ctx: Context): Promise<Troubles> {
  return new Map((await listTroubles(ctx, MOST_TROUBLES)).map((one) => [one.providerId, one]))
}

function show({ provider: { provider_id: id, protocol, disabled, disabled_reason: reason }, federation }: KnownProvider, failing: Troubles): z.output<typeof state> {
  const trouble = failing.get(id)
  return { provider_id: id, protocol, ...(federation === undefined ? {} : { federation }), disabled, ...(disabled && reason !== undefined ? { disabled_reason: reason } : {}), failures: trouble?.failures ?? 0, ...(trouble === undefined ? {} : { failed_at: trouble.lastAt.toISOString() }) }
}

/** Of whether it is off, and why; how often it did not answer changes by itself. */
function versionOf({ provider: { provider_id: id, disabled, disabled_reason: reason } }: KnownProvider): string {
  return sha256(JSON.stringify([id, disabled, disabled ? reason : undefined])).toString('base64url').slice(0, 22)
}

async function requireProvider(ctx: Context, { actor }: Caller, id: string, action: 'read' | 'change'): Promise<KnownProvider> {
  const found = await readProvider(ctx.db, id)
  const owner = { organization: found?.provider.organization }
  if (found === undefined || !can(actor, 'read', { kind: 'provider', owner })) throw notFound()
  if (!can(actor, action, { kind: 'provider', owner })) throw forbidden()
  return found
}

/** Whether providers are on, and whether they answer: of files, of this API, and of federations. Switched off, a provider stays off whatever its federation says. */
export const providerStates: Resource = () => [
  operation({
    method: 'GET',
    path: COLLECTION,
    id: 'listProviderStates',
    summary: 'The state of all providers, those of federations too, in the order of their ids',
    scope: 'portner.providers.read',
    query: z.strictObject({ ...pageQuery, q: z.string().max(200).optional(), protocol: z.string().max(50).optional(), disabled: z.enum(['true', 'false']).optional() }),
    answer: { status: 200, description: 'A page of them', schema: { name: 'ProviderStateList', schema: z.object({ items: z.array(state), next_cursor: z.string().optional() }) } },
    run: async ({ ctx, caller, query: { cursor, limit, q, protocol, disabled } }) => {
      if (!can(caller.actor, 'read', { kind: 'provider', owner: {} })) throw forbidden()
      const list = `provider states ${JSON.stringify([q, protocol, disabled])}`
      const filter = { query: q, protocol, disabled: disabled === undefined ? undefined : disabled === 'true' }
      const [rows, failing] = await Promise.all([listKnownProviders(ctx.db, filter, { after: readCursor(ctx, list, cursor), limit: limit + 1 }), troubles(ctx)])
      return { status: 200, body: toPage(ctx, list, rows, limit, ({ provider }) => provider.provider_id, (row) => show(row, failing)) }
    },
  }),
  operation({
    method: 'GET',
    path: ONE,
    id: 'readProviderState',
    summary: 'The state of one of them',
    scope: 'portner.providers.read',
    answer: { status: 200, description: 'Its state', schema: shown, versioned: true },
    refusals: [404],
    run: async (call) => {
      const found = await requireProvider(call.ctx, call.caller, param(call, 'provider_id'), 'read')
      return { status: 200, body: show(found, await troubles(call.ctx)), version: versionOf(found) }
    },
  }),
  operation({
    method: 'PUT',
    path: ONE,
    id: 'switchProvider',
    summary: 'Switches a provider off until it is mended, or on again',
    scope: 'portner.providers.write',
    body: { reads: z.strictObject({ disabled: z.boolean() }), example: { disabled: true } },
    answer: { status: 200, description: 'Its state now', schema: shown, versioned: true },
    refusals: [404],
    changes: true,
    needsRecentSignIn: true,
    run: async (call) => {
      const { ctx, caller, body, expected } = call
      const found = await requireProvider(ctx, caller, param(call, 'provider_id'), 'change')
      if (versionOf(found) !== expected) throw seenOther()
      const isOther = found.provider.disabled !== body.disabled
      // Somebody else was quicker.
      if (isOther && !(await switchProviderBy(ctx, caller, found.provider.provider_id, !body.disabled))) throw seenOther()
      const now = await requireProvider(ctx, caller, found.provider.provider_id, 'read')
      return { status: 200, body: show(now, await troubles(ctx)), version: versionOf(now) }
    },
  }),
]
