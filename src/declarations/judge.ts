import type { Offered } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import { type Actor, can, type Owner } from '../organizations/can.ts'
import { kinds } from './index.ts'
import { memberFaults, memberName } from './issues.ts'
import type { Before, Current, Document, Kind } from './kind.ts'
import { checkMembers } from './read.ts'
import { type ChangeFault, ChangeRefused } from './refused.ts'
import { findCurrent } from './thing.ts'

// Owns what may be said of one thing: its schema, what it names, what others have already, and what only an operator may say. The same rules
// that files are read by (read.ts, references.ts), with members in place of lines.

/** The document as its schema reads it. Throws ChangeRefused with every fault. */
export function readMembers(kind: Kind, members: Document, offered: Offered): Document {
  const checked = checkMembers(kind, members, offered)
  if ('document' in checked) return checked.document
  throw new ChangeRefused('invalid', memberFaults(members, checked.issues, checked.known).map(({ path, message }) => ({ path: memberName(path), message })))
}

async function isThere(ctx: Context, name: string, id: string): Promise<boolean> {
  const kind = kinds.find((one) => one.kind === name)
  if (kind === undefined) return true
  return (await findCurrent(ctx, kind, id)) !== undefined || ((await kind.findOthers?.(ctx.db, [id])) ?? []).length > 0
}

async function referenceFaults(ctx: Context, kind: Kind, document: Document, before: Document | undefined): Promise<readonly ChangeFault[]> {
  const faults: ChangeFault[] = []
  const known = new Set(before === undefined ? [] : kind.references(before).map((reference) => `${reference.kind} ${reference.id}`))
  for (const { path, kind: name, id } of kind.references(document)) {
    if (known.has(`${name} ${id}`) || (await isThere(ctx, name, id))) continue
    faults.push({ path: memberName(path), message: `${memberName(path)}: there is no ${name} ${id}` })
  }
  return faults
}

async function uniqueFaults(ctx: Context, kind: Kind, id: string, document: Document): Promise<readonly ChangeFault[]> {
  const own = kind.unique?.(document) ?? []
  if (own.length === 0) return []
  const taken = new Set((await kind.list(ctx.db)).filter((other) => other.id !== id).flatMap((other) => (kind.unique?.(other.document) ?? []).map(({ value }) => value)))
  // Whose it is may be nobody's business here.
  return own.filter(({ value }) => taken.has(value)).map(({ path, value }) => ({ path: memberName(path), message: `${memberName(path)}: another ${kind.kind} already has ${value}` }))
}

/** Throws ChangeRefused when a document says what somebody is not trusted to say. */
export function requireTrust(actor: Actor, kind: Kind, owner: Owner, document: Document, before: Before | undefined): void {
  const members = kind.trusted?.(document, before) ?? []
  if (members.length === 0 || can(actor, 'trust', { kind: kind.kind, owner })) return
  throw new ChangeRefused('invalid', members.map((member) => ({ path: member, message: `${member}: this is for an operator to say` })))
}

export interface Judged {
  readonly actor: Actor
  readonly kind: Kind
  readonly id: string
  readonly document: Document
  readonly current: Current | undefined
}

/** Throws ChangeRefused when an address that a document names does not vouch for it. It may take its time: asked before a turn is taken, not in one. */
export async function requireVouched(ctx: Context, { vouched }: Kind, document: Document): Promise<void> {
  const fault = await vouched?.fault(ctx, document)
  if (vouched !== undefined && fault !== undefined) throw new ChangeRefused('invalid', [{ path: vouched.member, message: `${vouched.member} ${fault}` }])
}

/** Throws ChangeRefused when a document does not go with everything else there is. */
export async function requireFit(ctx: Context, { actor, kind, id, document, current }: Judged): Promise<void> {
  const faults = [...(await referenceFaults(ctx, kind, document, current?.document)), ...(await uniqueFaults(ctx, kind, id, document))]
  // Asked when nothing else is wrong; an operator's word is not asked about.
  if (faults.length === 0 && !actor.operator) faults.push(...((await kind.askOfOthers?.(ctx, document, current?.document)) ?? []).map(({ path, message }) => ({ path: memberName(path), message })))
  if (faults.length > 0) throw new ChangeRefused('invalid', faults)
}
