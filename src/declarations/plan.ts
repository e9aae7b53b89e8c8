import type { Context } from '../context.ts'
import { differences, type MemberChange } from './difference.ts'
import { kinds } from './index.ts'
import type { Current, Document, Kind } from './kind.ts'
import type { Declaration } from './read.ts'
import { findCurrent, type State } from './state.ts'

// Owns the comparison of what files say with what the database has.

/** What would happen to one thing. */
export interface Change {
  readonly kind: string
  readonly id: string
  readonly action: 'create' | 'change' | 'remove'
  readonly members: readonly MemberChange[]
}

/** A change with everything that is needed to make it. */
export interface Step {
  readonly kind: Kind
  readonly change: Change
  readonly declaration: Declaration | undefined
  readonly document: Document | undefined
  readonly current: Current | undefined
  /** The declared secret is not the one there is. */
  readonly newSecret: boolean
}

function secretChanges(ctx: Context, { kind, secret, document }: Declaration, current: Current | undefined): readonly MemberChange[] {
  if (kind.secret === undefined || secret === undefined) return []
  if (current !== undefined && kind.secret.isCurrent(ctx, current, secret)) return []
  return [{ member: kind.secret.member(document), secret: true }]
}

function planOne(ctx: Context, state: State, declaration: Declaration): Step | undefined {
  const { kind, id } = declaration
  const current = findCurrent(state, kind, id)
  const document = kind.complete === undefined ? declaration.document : kind.complete(declaration.document, current?.document)
  const secrets = secretChanges(ctx, declaration, current)
  const adopted = current !== undefined && !current.declared ? [{ member: '(declared by a file)', from: false, to: true }] : []
  const members = [...differences(current?.document ?? {}, document), ...secrets, ...adopted]
  if (current !== undefined && members.length === 0) return undefined
  return { kind, change: { kind: kind.kind, id, action: current === undefined ? 'create' : 'change', members }, declaration, document, current, newSecret: secrets.length > 0 }
}

function planRemovals(state: State, declarations: readonly Declaration[]): readonly Step[] {
  const kept = new Set(declarations.map(({ kind, id }) => `${kind.kind} ${id}`))
  return kinds.toReversed().flatMap((kind) =>
    [...(state.get(kind.kind)?.values() ?? [])]
      .filter((current) => current.declared && !kept.has(`${kind.kind} ${current.id}`))
      .map((current) => ({ kind, change: { kind: kind.kind, id: current.id, action: 'remove' as const, members: [] }, declaration: undefined, document: undefined, current, newSecret: false })),
  )
}

/** What has to be done, in the order in which it is done: by kind, what others refer to first; removals last, the other way round. */
export function planSteps(ctx: Context, state: State, declarations: readonly Declaration[], prune: boolean): readonly Step[] {
  const steps = kinds.flatMap((kind) => declarations.filter((declaration) => declaration.kind === kind).flatMap((declaration) => planOne(ctx, state, declaration) ?? []))
  return prune ? [...steps, ...planRemovals(state, declarations)] : steps
}
