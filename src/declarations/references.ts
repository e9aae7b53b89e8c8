import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import type { Fault } from './fault.ts'
import { kinds } from './index.ts'
import { nearest } from '../lib/nearest.ts'
import { memberName } from './issues.ts'
import type { Kind } from './kind.ts'
import type { Step } from './plan.ts'
import { faultAt } from './position.ts'
import type { Declaration } from './read.ts'
import type { State } from './state.ts'

// Owns what documents say of each other: names that must exist and values that only one may have, in the database as it would be.

/** The ids of each kind after the steps. */
type Ids = ReadonlyMap<string, ReadonlySet<string>>

function idsAfter(state: State, declarations: readonly Declaration[], steps: readonly Step[]): Ids {
  const ids = new Map<string, Set<string>>(kinds.map((kind) => [kind.kind, new Set(state.get(kind.kind)?.keys())]))
  for (const { kind, id } of declarations) ids.get(kind.kind)?.add(id)
  for (const { kind, change } of steps) if (change.action === 'remove') ids.get(kind.kind)?.delete(change.id)
  return ids
}

function danglingReferences(declarations: readonly Declaration[], ids: Ids, notJudged: ReadonlySet<string>): readonly Fault[] {
  return declarations.flatMap(({ kind, document, source }) =>
    kind.references(document).flatMap(({ path, kind: of, id }) => {
      const there = ids.get(of) ?? new Set<string>()
      if (there.has(id) || notJudged.has(`${of} ${id}`)) return []
      const meant = nearest(id, [...there])
      return [faultAt(source, path, `${memberName(path)}: there is no ${of} ${id}${meant === undefined ? '' : `; did you mean ${meant}?`}`)]
    }),
  )
}

// A removal must not leave something behind that still names what is gone.
function strandedByRemoval(state: State, declarations: readonly Declaration[], steps: readonly Step[]): readonly Fault[] {
  const removed = new Set(steps.filter((step) => step.change.action === 'remove').map((step) => `${step.kind.kind} ${step.change.id}`))
  const declared = new Set(declarations.map(({ kind, id }) => `${kind.kind} ${id}`))
  if (removed.size === 0) return []
  return kinds.flatMap((kind) =>
    [...(state.get(kind.kind)?.values() ?? [])]
      .filter((current) => !removed.has(`${kind.kind} ${current.id}`) && !declared.has(`${kind.kind} ${current.id}`))
      .flatMap((current) => kind.references(current.document).map((reference) => ({ current, reference })))
      .filter(({ reference }) => removed.has(`${reference.kind} ${reference.id}`))
      .map(({ current, reference }) => ({ file: '--prune', line: 0, column: 0, message: `would remove ${reference.kind} ${reference.id}, which ${kind.kind} ${current.id} (not declared by a file) still names` })),
  )
}

function uniqueValues(kind: Kind, state: State, declarations: readonly Declaration[], ids: Ids): readonly Fault[] {
  if (kind.unique === undefined) return []
  const own = declarations.filter((declaration) => declaration.kind === kind)
  const declared = new Set(own.map(({ id }) => id))
  const holders = new Map<string, string>()
  for (const current of state.get(kind.kind)?.values() ?? []) {
    if (declared.has(current.id) || ids.get(kind.kind)?.has(current.id) !== true) continue
    for (const { value } of kind.unique(current.document)) holders.set(value, current.id)
  }
  const faults: Fault[] = []
  for (const { id, document, source } of own) {
    for (const { path, value } of kind.unique(document)) {
      const holder = holders.get(value)
      if (holder !== undefined) faults.push(faultAt(source, path, `${kind.kind} ${holder} already has ${value}`))
      holders.set(value, id)
    }
  }
  return faults
}

/** What documents name and no file declares, but is there: as `kind id`. */
export async function findOthers(db: Kysely<Database>, declarations: readonly Declaration[]): Promise<ReadonlySet<string>> {
  const named = declarations.flatMap(({ kind, document }) => kind.references(document))
  const found = new Set<string>()
  for (const kind of kinds) {
    const ids = [...new Set(named.filter((reference) => reference.kind === kind.kind).map(({ id }) => id))]
    for (const id of ids.length === 0 ? [] : ((await kind.findOthers?.(db, ids)) ?? [])) found.add(`${kind.kind} ${id}`)
  }
  return found
}

/** Everything that would not hold together after the steps. `known` are things (`kind id`) not to be judged: their own documents are wrong, or no file declares them. */
export function referenceFaults(state: State, declarations: readonly Declaration[], steps: readonly Step[], known: ReadonlySet<string>): readonly Fault[] {
  const ids = idsAfter(state, declarations, steps)
  return [...danglingReferences(declarations, ids, known), ...strandedByRemoval(state, declarations, steps), ...kinds.flatMap((kind) => uniqueValues(kind, state, declarations, ids))]
}

/** Odd things that are allowed, each at its place. */
export function oddities(state: State, declarations: readonly Declaration[], steps: readonly Step[]): readonly Fault[] {
  const ids = idsAfter(state, declarations, steps)
  const known = (kind: string, id: string): boolean => ids.get(kind)?.has(id) === true
  return declarations.flatMap(({ kind, document, source }) => (kind.warnings?.(document, known) ?? []).map(({ path, message }) => faultAt(source, path, message)))
}
