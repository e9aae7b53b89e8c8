import type { Context } from '../context.ts'
import { rotateKeys } from '../keys/store.ts'
import { can } from '../organizations/can.ts'
import { rotateSamlKeys } from '../upstream/saml-keys.ts'
import type { Changer } from './changer.ts'
import { ChangeRefused } from './refused.ts'
import { actorOf } from './way.ts'

// Owns the operator's word that keys get successors now, by whatever way it comes.

async function rotate(ctx: Context, changer: Changer, publish: () => Promise<readonly string[]>): Promise<readonly string[]> {
  if (!can(changer.actor, 'rotate', { kind: 'key', owner: {} })) throw new ChangeRefused('forbidden')
  const kids = await publish()
  ctx.audit.record({ event: 'keys.rotated', kids, ...actorOf(changer) })
  return kids
}

/** Publishes a successor of each key that signs tokens; gives their kids. Throws ChangeRefused. */
export async function rotateSigningKeys(ctx: Context, changer: Changer): Promise<readonly string[]> {
  return rotate(ctx, changer, () => rotateKeys(ctx.db, ctx.sealing, 0))
}

/** Publishes successors of the keys that SAML providers know us by; gives their kids. Throws ChangeRefused. */
export async function rotateKeysForSaml(ctx: Context, changer: Changer): Promise<readonly string[]> {
  return rotate(ctx, changer, () => rotateSamlKeys(ctx))
}
