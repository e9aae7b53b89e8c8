import { z } from 'zod'
import { drawAnotherSecret, endSecret, type SecretChanger } from '../../clients/change-secrets.ts'
import { type Client, hasSecret } from '../../clients/client.ts'
import { listLiveSecrets, MOST_SECRETS } from '../../clients/secrets.ts'
import { readClient } from '../../clients/store.ts'
import { findThing } from '../../declarations/thing.ts'
import { conflict, notFound } from '../failure.ts'
import { type Call, operation, param, type Resource } from '../operation.ts'

const COLLECTION = '/api/clients/{client_id}/secrets'

const secret = z.strictObject({ secret_id: z.string(), hint: z.string().describe('Its last three characters'), created_at: z.iso.datetime(), expires_at: z.iso.datetime().optional(), used_at: z.iso.datetime().optional() })

async function requireClient(call: Call, action: 'read' | 'secrets'): Promise<Client> {
  const { id } = await findThing(call.ctx, call.caller.actor, 'client', param(call, 'client_id'), action)
  const client = await readClient(call.ctx.db, id)
  if (client === undefined || !hasSecret(client.metadata)) throw notFound()
  return client
}

function changerOf({ caller }: Call): SecretChanger {
  return { actor: caller.actor.userId, way: 'by api' }
}

/** The secrets of a client: two may be live, so that one is replaced without a gap. Each is told once. */
export const clientSecrets: Resource = () => [
  operation({
    method: 'GET',
    path: COLLECTION,
    id: 'listSecrets',
    summary: 'The live secrets of a client, as far as they can be told apart',
    scope: 'portner.clients.read',
    answer: { status: 200, description: 'All of them', schema: { name: 'SecretList', schema: z.object({ items: z.array(secret) }) } },
    refusals: [404],
    run: async (call) => {
      const rows = await listLiveSecrets(call.ctx.db, (await requireClient(call, 'read')).key)
      const items = rows.map(({ secretId, hint, createdAt, expiresAt, usedAt }) => ({ secret_id: secretId, hint, created_at: createdAt.toISOString(), ...(expiresAt === undefined ? {} : { expires_at: expiresAt.toISOString() }), ...(usedAt === undefined ? {} : { used_at: usedAt.toISOString() }) }))
      return { status: 200, body: { items } }
    },
  }),
  operation({
    method: 'POST',
    path: COLLECTION,
    id: 'addSecret',
    summary: 'Draws another secret beside the one there is, which goes on; it is told once',
    scope: 'portner.clients.write',
    answer: { status: 201, description: 'The secret', schema: { name: 'NewSecret', schema: z.strictObject({ client_id: z.string(), client_secret: z.string() }) } },
    refusals: [404, 409],
    needsRecentSignIn: true,
    run: async (call) => {
      const client = await requireClient(call, 'secrets')
      const text = await drawAnotherSecret(call.ctx, client, changerOf(call))
      if (text === undefined) throw conflict('in_use', `There are ${MOST_SECRETS} secrets already; retire one first`)
      return { status: 201, body: { client_id: client.clientId, client_secret: text } }
    },
  }),
  operation({
    method: 'DELETE',
    path: `${COLLECTION}/{secret_id}`,
    id: 'retireSecret',
    summary: 'Ends a secret at once, but never the only one',
    scope: 'portner.clients.write',
    answer: { status: 204, description: 'It is good for nothing any more' },
    refusals: [404, 409],
    needsRecentSignIn: true,
    run: async (call) => {
      const client = await requireClient(call, 'secrets')
      const secretId = param(call, 'secret_id')
      if (!(await listLiveSecrets(call.ctx.db, client.key)).some((one) => one.secretId === secretId)) throw notFound()
      if (!(await endSecret(call.ctx, client, secretId, changerOf(call)))) throw conflict('in_use', 'It is the only one; add another first')
      return { status: 204 }
    },
  }),
]
