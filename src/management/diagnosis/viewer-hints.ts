import { type Client, ownerOf } from '../../clients/client.ts'
import { listAllSecrets } from '../../clients/secrets.ts'
import { listOwnedClients } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { fingerprintOfDigest } from '../../diagnosis/fit-to-read.ts'
import { TRACE_KEY } from '../../diagnosis/record.ts'
import type { TraceRow } from '../../diagnosis/store.ts'
import { nearest } from '../../lib/nearest.ts'
import { type Actor, can } from '../../organizations/can.ts'
import type { Hint } from '../../protocol/trace.ts'

// Owns what is found out at reading only, because it depends on who reads: what lies near among their own clients, and nobody else's.

const MOST_CLIENTS = 5000

async function clientsOf(ctx: Context, viewer: Actor): Promise<readonly Client[]> {
  const of = viewer.operator ? ('all' as const) : { organizations: [...viewer.roles.keys()], userId: viewer.userId }
  return (await listOwnedClients(ctx.db, of, { limit: MOST_CLIENTS })).filter((client) => can(viewer, 'read', { kind: 'trace', owner: ownerOf(client) }))
}

async function nearestClient(ctx: Context, { clientId }: TraceRow, viewer: Actor): Promise<readonly Hint[]> {
  if (clientId === null) return []
  const id = nearest(clientId.slice(0, 60), (await clientsOf(ctx, viewer)).map((client) => client.clientId))
  return id === undefined ? [] : [{ name: 'nearest_client', values: { id } }]
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}

/** The secret that was sent stands in the trace as the keyed hash of its digest; so does every secret that we keep the digest of. */
async function secretHints(ctx: Context, { document }: TraceRow, client: Client, viewer: Actor): Promise<readonly Hint[]> {
  const sent = document.compared.find(({ name, secret }) => name === 'client_secret' && secret === true)?.sent
  const keys = ctx.sealing.macKeys(TRACE_KEY)
  const isSent = (digest: Uint8Array): boolean => sent !== undefined && keys.some((key) => fingerprintOfDigest(key, digest) === sent)
  const secrets = await listAllSecrets(ctx.db, client.key)
  const old = secrets.find(({ hash, endedAt }) => endedAt !== undefined && endedAt.getTime() <= ctx.clock.now() && isSent(hash))
  const [newest, before] = secrets.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
  const other = (await clientsOf(ctx, viewer)).find(({ key, secretHashes }) => key !== client.key && secretHashes.some(isSent))
  return [
    ...(old?.endedAt === undefined ? [] : [{ name: 'secret_old', values: { date: day(old.endedAt) } }]),
    ...(newest === undefined || before === undefined ? [] : [{ name: 'secret_rotated', values: { date: day(newest.createdAt) } }]),
    ...(other === undefined ? [] : [{ name: 'secret_other_client', values: { id: other.clientId } }]),
  ]
}

/** What a trace says to this reader beside what it holds. */
export async function hintsForViewer(ctx: Context, trace: TraceRow, client: Client | undefined, viewer: Actor): Promise<readonly Hint[]> {
  if (trace.cause === 'client.unknown') return nearestClient(ctx, trace, viewer)
  if (trace.cause === 'client_auth.secret' && client !== undefined) return secretHints(ctx, trace, client, viewer)
  return []
}
