import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { drawToken } from '../lib/opaque-token.ts'
import type { Client } from './client.ts'
import { addAnotherSecret, addSecret, keptSecret, retireSecret } from './secrets.ts'
import { clientChanged } from './store.ts'

// Owns replacing a secret without a gap, for pages, the API and commands alike: another one beside the one there is, and the end of one of them. Who may
// do that is asked before.

/** Who does it, for the audit, and by which way: `by api`. */
export interface SecretChanger {
  readonly actor: string
  readonly way: string
}

function record(ctx: Context, { clientId }: Client, { actor, way }: SecretChanger, change: 'added' | 'retired' | 'rotated'): void {
  ctx.audit.record({ event: 'client.changed', clientId, change: `secret ${change} ${way}`, actor })
}

/** Draws another secret and gives it back, this once. Nothing when there are MOST_SECRETS already. */
export async function drawAnotherSecret(ctx: Context, client: Client, by: SecretChanger): Promise<string | undefined> {
  const now = ctx.clock.now()
  const { text } = drawToken('cs', now)
  const isAdded = await inTransaction(ctx.db, async (trx) => {
    if (!(await addAnotherSecret(trx, client.key, keptSecret(ctx, client.key, client.metadata.token_endpoint_auth_method, text), now))) return false
    await clientChanged(trx)
    return true
  })
  if (!isAdded) return undefined
  record(ctx, client, by, 'added')
  return text
}

/** Ends a secret at once. False for one that there is not, and for the only one. */
export async function endSecret(ctx: Context, client: Client, secretId: string, by: SecretChanger): Promise<boolean> {
  const isEnded = await inTransaction(ctx.db, async (trx) => {
    if (!(await retireSecret(trx, client.key, secretId))) return false
    await clientChanged(trx)
    return true
  })
  if (isEnded) record(ctx, client, by, 'retired')
  return isEnded
}

/** Puts a secret in place of all there are, which go on for `overlapSeconds`; draws one where none is given. Gives it. */
export async function replaceSecrets(ctx: Context, client: Client, { given, overlapSeconds }: { readonly given: string | undefined; readonly overlapSeconds: number }, by: SecretChanger): Promise<string> {
  const now = ctx.clock.now()
  const secret = given ?? drawToken('cs', now).text
  await inTransaction(ctx.db, async (trx) => {
    await addSecret(trx, client.key, keptSecret(ctx, client.key, client.metadata.token_endpoint_auth_method, secret), overlapSeconds, now)
    await clientChanged(trx)
  })
  record(ctx, client, by, 'rotated')
  return secret
}
