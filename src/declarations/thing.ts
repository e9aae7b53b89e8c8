import type { Context } from '../context.ts'
import { sha256 } from '../lib/digest.ts'
import { type Action, type Actor, can, type Owner } from '../organizations/can.ts'
import { kinds } from './index.ts'
import type { Current, Document, Kind } from './kind.ts'
import { ChangeRefused } from './refused.ts'

// Owns one thing of a kind as somebody sees it: its document, whose it is, its version. Of what one may not read there is nothing.

export interface Thing {
  readonly id: string
  readonly document: Document
  /** Another one as soon as anything of the document or its owner is another. */
  readonly version: string
  readonly owner: Owner
  /** A file made it: the next apply brings back what the file says. */
  readonly declared: boolean
}

export function kindOf(name: Kind['kind']): Kind {
  const kind = kinds.find((one) => one.kind === name)
  if (kind === undefined) throw new Error(`nothing declares a ${name}`)
  return kind
}

/** A thing as the database has it now. */
export async function findCurrent({ db }: Pick<Context, 'db'>, kind: Kind, id: string): Promise<Current | undefined> {
  return kind.find === undefined ? (await kind.list(db)).find((one) => one.id === id) : kind.find(db, id)
}

export function ownerOf(kind: Kind, document: Document, current: Current | undefined): Owner {
  return kind.owner?.(document, current) ?? {}
}

const VERSION = 22

export function toThing(kind: Kind, current: Current): Thing {
  const { id, document, declared } = current
  const owner = ownerOf(kind, document, current)
  // The database gives the members of a document always in one order.
  const version = sha256(JSON.stringify([kind.kind, id, document, owner.organization, owner.userId])).toString('base64url').slice(0, VERSION)
  return { id, document, declared, owner, version }
}

/** Throws ChangeRefused: that there is nothing, where somebody may not even read it (security.md rule 27). */
export function requireMay(actor: Actor, action: Action, kind: Kind, owner: Owner): void {
  if (can(actor, action, { kind: kind.kind, owner })) return
  throw new ChangeRefused(can(actor, 'read', { kind: kind.kind, owner }) ? 'forbidden' : 'not_found')
}

/** What a client may do by itself must not be in the hands of people who may do less: it is changed by those who may give it away. */
export function actionOn(kind: Kind, document: Document, action: Action): Action {
  return action !== 'read' && action !== 'statistics' && kind.isPowerful?.(document) === true ? 'transfer' : action
}

/** A thing that somebody may do this to. Throws ChangeRefused. */
export async function findThing(ctx: Context, actor: Actor, kindName: Kind['kind'], id: string, action: Action = 'read'): Promise<Thing> {
  const kind = kindOf(kindName)
  const current = await findCurrent(ctx, kind, id)
  if (current === undefined) throw new ChangeRefused('not_found')
  const thing = toThing(kind, current)
  requireMay(actor, actionOn(kind, thing.document, action), kind, thing.owner)
  return thing
}
