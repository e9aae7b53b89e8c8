import type { Client } from '../../clients/client.ts'
import { isOwnClient } from '../../clients/own-clients.ts'
import { listClients, readClient } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { nearest } from '../../lib/nearest.ts'
import { Failure } from '../status.ts'

/** A client by its id. Throws Failure that names the nearest one. */
export async function findOrFail(ctx: Context, clientId: string): Promise<Client> {
  const client = await readClient(ctx.db, clientId)
  if (client !== undefined && !isOwnClient(clientId)) return client
  const ids = (await listClients(ctx.db)).map((other) => other.clientId)
  const meant = nearest(clientId, ids)
  throw new Failure(`There is no client ${clientId}${meant === undefined ? '' : `; did you mean ${meant}?`}`, 'list them with: portner client list')
}

/** Whether a file declares it: then the next apply undoes what is done by hand. */
export async function isDeclared(ctx: Context, clientId: string): Promise<boolean> {
  return (await listClients(ctx.db)).some((client) => client.clientId === clientId && client.declared)
}
