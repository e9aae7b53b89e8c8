import type { Offered } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { can, type Owner } from '../organizations/can.ts'
import { requireMeasure } from '../signin/attempts.ts'
import type { Changer } from './changer.ts'
import { differences } from './difference.ts'
import { kinds } from './index.ts'
import { readMembers, requireFit, requireTrust, requireVouched } from './judge.ts'
import type { Current, Document, Kind, ReadySecret } from './kind.ts'
import { lockDeclarations } from './lock.ts'
import { ChangeRefused } from './refused.ts'
import { takeSaidSecret } from './said-secret.ts'
import type { Secret } from './secret.ts'
import { actionOn, findCurrent, kindOf, ownerOf, requireMay, type Thing, toThing } from './thing.ts'
import { actorOf, byWay } from './way.ts'
import { writeTurn } from './write-turn.ts'

// Owns how one thing is made, changed or removed by somebody who is no file: by the API, by a page, by a command. The rules are those for files (apply.ts),
// and two more: may they (organizations/can.ts), and is it still as they saw it.

export interface Changed extends Thing {
  /** A secret that was drawn for it. It is told now and never again. */
  readonly secret?: string | undefined
}

export interface ChangeRules {
  readonly offered: Offered
  /** The version that it must still be; left out to change it whatever it is. */
  readonly expected?: string | undefined
}

/** Who makes a thing another's must be free to give it and to put it there. */
function requireOwnership({ actor }: Changer, kind: Kind, before: Owner | undefined, after: Owner): void {
  if (before !== undefined && before.organization === after.organization && before.userId === after.userId) return
  if (before !== undefined) requireMay(actor, 'transfer', kind, before)
  if (can(actor, 'create', { kind: kind.kind, owner: after })) return
  if (after.organization === undefined || !kind.members.includes('organization')) throw new ChangeRefused('forbidden')
  throw new ChangeRefused('invalid', [{ path: 'organization', message: 'organization: you have no role there that allows this' }])
}

interface Writing {
  readonly changer: Changer
  readonly kind: Kind
  readonly id: string
  readonly document: Document
  readonly current: Current | undefined
  readonly secret: Secret | undefined
}

async function write(ctx: Context, { changer, kind, id, document, current, secret }: Writing): Promise<Changed> {
  const ready: ReadySecret | undefined = secret === undefined ? undefined : await kind.secret?.ready(ctx, secret)
  // What acts by itself is no person's own.
  const by = kind.isPowerful?.(document) === true ? undefined : changer.personId
  const written = await inTransaction(ctx.db, async (trx) => {
    await lockDeclarations(trx)
    const now = await findCurrent({ db: trx }, kind, id)
    if (current === undefined && now !== undefined) throw new ChangeRefused('exists')
    if (current !== undefined && (now === undefined || toThing(kind, now).version !== toThing(kind, current).version)) throw new ChangeRefused('stale')
    await kind.save({ ctx, trx, id, document, current, secret: ready, saysSecret: secret !== undefined, declared: current?.declared ?? false, by, operator: changer.actor.operator })
    const saved = await findCurrent({ db: trx }, kind, id)
    // It went to something of that name which is not shown: a person who was merged into another.
    if (saved === undefined) throw new ChangeRefused('exists')
    return saved
  })
  const told = secret === undefined ? [] : [kind.secret?.member(document) ?? 'secret']
  record(ctx, changer, kind, written, current === undefined ? 'create' : 'change', [...differences(current?.document ?? {}, document).map(({ member }) => member), ...told])
  return { ...toThing(kind, written), ...(secret?.is === 'generate' ? { secret: ready?.text } : {}) }
}

// What is done to a person stands in their history, under the id that never changes: a user name may be an e-mail address.
function record(ctx: Context, changer: Changer, kind: Kind, { id, rowKey }: Current, change: 'create' | 'change' | 'remove', members: readonly string[]): void {
  if (kind.kind === 'user') ctx.audit.record({ event: 'user.changed', userId: rowKey ?? '', change: byWay(changer, change), members, ...actorOf(changer) })
  else ctx.audit.record({ event: 'configuration.changed', kind: kind.kind, id, change, members, through: changer.through, actor: changer.actor.userId, ...(kind.kind === 'client' ? { clientId: id } : {}) })
}

/** The secret that is said, or one to be drawn where the thing needs one and has none. */
function neededSecret(kind: Kind, said: Secret | undefined, document: Document, current: Current | undefined): Secret | undefined {
  return said ?? (current?.secret === undefined && kind.drawsSecret?.(document) === true ? { is: 'generate' } : undefined)
}

/** Of each kind, by one who is no operator, in a day: rows that strangers can make have an end (security.md rule 28). */
const MOST_A_DAY = 50
const DAY_SECONDS = 86_400

async function requireRoom(ctx: Context, { actor }: Changer, { kind }: Kind): Promise<void> {
  if (!actor.operator) await requireMeasure(ctx, `create/${kind}/${actor.userId}`, { most: MOST_A_DAY, seconds: DAY_SECONDS }, 'Too many registrations today')
}

/** Makes a thing out of what somebody says. Throws ChangeRefused; 429 for who has made very many today. */
export async function createThing(ctx: Context, changer: Changer, kindName: Kind['kind'], said: Document, { offered }: ChangeRules): Promise<Changed> {
  const kind = kindOf(kindName)
  const { members, secret } = takeSaidSecret(kind, said)
  const read = readMembers(kind, members, offered)
  const document = kind.complete?.(read, undefined) ?? read
  const id = kind.identity(document)
  const owner = ownerOf(kind, document, { id, document, declared: false, ownedBy: changer.personId })
  requireOwnership(changer, kind, undefined, owner)
  requireTrust(changer.actor, kind, owner, document, undefined)
  await requireVouched(ctx, kind, document)
  return writeTurn(ctx, async () => {
    if ((await findCurrent(ctx, kind, id)) !== undefined) throw new ChangeRefused('exists')
    await requireFit(ctx, { actor: changer.actor, kind, id, document, current: undefined })
    await requireRoom(ctx, changer, kind)
    return write(ctx, { changer, kind, id, document, current: undefined, secret: neededSecret(kind, secret, document, undefined) })
  })
}

/** What becomes of a thing when somebody says it anew, where they may say so. Throws ChangeRefused. */
async function readReplacement(ctx: Context, changer: Changer, kind: Kind, id: string, said: Document, { offered, expected }: ChangeRules): Promise<Writing & { readonly current: Current }> {
  const current = await findCurrent(ctx, kind, id)
  if (current === undefined) throw new ChangeRefused('not_found')
  const before = toThing(kind, current)
  requireMay(changer.actor, actionOn(kind, current.document, 'change'), kind, before.owner)
  if (expected !== undefined && before.version !== expected) throw new ChangeRefused('stale')
  const { members, secret } = takeSaidSecret(kind, said)
  const read = readMembers(kind, members, offered)
  const member = kind.members[0] ?? ''
  if (kind.identity(read) !== id) throw new ChangeRefused('invalid', [{ path: member, message: `${member} must stay ${id}` }])
  const document = kind.complete?.(read, current.document) ?? read
  requireOwnership(changer, kind, before.owner, ownerOf(kind, document, current))
  requireTrust(changer.actor, kind, before.owner, document, current)
  return { changer, kind, id, document, current, secret: neededSecret(kind, secret, document, current) }
}

/** Makes a thing be what somebody says, all of it. Of many who saw the same version, one does. Throws ChangeRefused. */
export async function replaceThing(ctx: Context, changer: Changer, kindName: Kind['kind'], id: string, said: Document, rules: ChangeRules): Promise<Changed> {
  const kind = kindOf(kindName)
  const judged = (): ReturnType<typeof readReplacement> => readReplacement(ctx, changer, kind, id, said, rules)
  if (kind.vouched !== undefined && said[kind.vouched.member] !== undefined) await requireVouched(ctx, kind, (await judged()).document)
  return writeTurn(ctx, async () => {
    const writing = await judged()
    await requireFit(ctx, { ...writing, actor: changer.actor })
    return write(ctx, writing)
  })
}

/** Removes a thing that nothing names. Throws ChangeRefused. */
export async function removeThing(ctx: Context, changer: Changer, kindName: Kind['kind'], id: string, { expected }: Pick<ChangeRules, 'expected'>): Promise<void> {
  const kind = kindOf(kindName)
  const gone = await writeTurn(ctx, () =>
    inTransaction(ctx.db, async (trx) => {
      await lockDeclarations(trx)
      const current = await findCurrent({ db: trx }, kind, id)
      if (current === undefined) throw new ChangeRefused('not_found')
      const thing = toThing(kind, current)
      requireMay(changer.actor, actionOn(kind, current.document, 'delete'), kind, thing.owner)
      if (expected !== undefined && thing.version !== expected) throw new ChangeRefused('stale')
      for (const other of kinds.filter(({ names }) => names?.includes(kind.kind))) {
        const isNamed = (await other.list(trx)).some(({ document }) => other.references(document).some((reference) => reference.kind === kind.kind && reference.id === id))
        if (isNamed) throw new ChangeRefused('in_use', [{ path: '', message: `A ${other.kind} names it` }])
      }
      await kind.remove(trx, current)
      return current
    }),
  )
  record(ctx, changer, kind, gone, 'remove', [])
}
