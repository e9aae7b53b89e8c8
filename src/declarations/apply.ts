import type { Transaction } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { inOneTransaction } from '../database/transaction.ts'
import { DeclarationError, type Fault } from './fault.ts'
import { kinds } from './index.ts'
import type { Kind, ReadySecret } from './kind.ts'
import { lockDeclarations } from './lock.ts'
import type { SourceFile } from './parse.ts'
import { faultAt } from './position.ts'
import { type Change, planSteps, type Step } from './plan.ts'
import { type Declaration, readDeclarations, type ReadOptions } from './read.ts'
import { findOthers, oddities, referenceFaults } from './references.ts'
import { isSameState, readState, type State } from './state.ts'
import { user } from './user.ts'

// Owns reconciling: what files declare becomes what the database has, all of it or nothing. It does not own any table: each kind writes
// through its party's store.

/** A secret that was drawn. It is told now and never again. */
export interface DrawnSecret {
  readonly kind: string
  readonly id: string
  readonly member: string
  readonly value: string
}

export interface Applied {
  readonly changes: readonly Change[]
  readonly warnings: readonly Fault[]
  readonly drawn: readonly DrawnSecret[]
}

export interface ApplyOptions extends ReadOptions {
  /** Removes what a file once declared and these files do not. */
  readonly prune: boolean
}

interface Plan {
  readonly state: State
  readonly steps: readonly Step[]
  readonly warnings: readonly Fault[]
}

const TRIES = 5
class StateMoved extends Error {}

// People are many and nothing refers to them: they are read only when a file declares some.
function neededKinds(declarations: readonly Declaration[], prune: boolean): readonly Kind[] {
  return kinds.filter((kind) => prune || kind !== user || declarations.some((declaration) => declaration.kind === user))
}

function inFileOrder(files: readonly SourceFile[], faults: readonly Fault[]): readonly Fault[] {
  const order = (fault: Fault): number => files.findIndex((file) => file.name === fault.file)
  return faults.toSorted((a, b) => order(a) - order(b) || a.line - b.line || a.column - b.column)
}

/** What the addresses that documents name say of them: asked for what is new or changed, when nothing else is wrong. */
async function askOthers(ctx: Context, steps: readonly Step[]): Promise<readonly Fault[]> {
  const faults: Fault[] = []
  for (const { kind, declaration, document } of steps) {
    if (declaration === undefined || document === undefined) continue
    const fault = await kind.vouched?.fault(ctx, document)
    if (kind.vouched !== undefined && fault !== undefined) faults.push(faultAt(declaration.source, [kind.vouched.member], `${kind.vouched.member} ${fault}`))
  }
  return faults
}

async function makePlan(ctx: Context, files: readonly SourceFile[], options: ApplyOptions): Promise<Plan> {
  const faults: Fault[] = []
  const { declarations, faulty, complete } = readDeclarations(files, options, faults)
  const state = await readState(ctx.db, neededKinds(declarations, options.prune))
  const steps = planSteps(ctx, state, declarations, options.prune)
  // What a file that is no YAML would have declared is not known: then references are not judged.
  if (complete) faults.push(...referenceFaults(state, declarations, steps, new Set([...faulty, ...(await findOthers(ctx.db, declarations))])))
  if (faults.length === 0) faults.push(...(await askOthers(ctx, steps)))
  if (faults.length > 0) throw new DeclarationError(inFileOrder(files, faults))
  return { state, steps, warnings: oddities(state, declarations, steps) }
}

/** What `applyDeclarations` would do. Throws DeclarationError with every fault. */
export async function diffDeclarations(ctx: Context, files: readonly SourceFile[], options: ApplyOptions): Promise<Omit<Applied, 'drawn'>> {
  const { steps, warnings } = await makePlan(ctx, files, options)
  return { changes: steps.map((step) => step.change), warnings }
}

// One after the other: the queue of the password process is for people who log in.
async function readySecrets(ctx: Context, steps: readonly Step[]): Promise<ReadonlyMap<Declaration, ReadySecret>> {
  const ready = new Map<Declaration, ReadySecret>()
  for (const { kind, declaration, newSecret } of steps) {
    if (newSecret && kind.secret !== undefined && declaration?.secret !== undefined) ready.set(declaration, await kind.secret.ready(ctx, declaration.secret))
  }
  return ready
}

async function writeSteps(ctx: Context, trx: Transaction<Database>, plan: Plan, ready: ReadonlyMap<Declaration, ReadySecret>): Promise<void> {
  await lockDeclarations(trx)
  if (!isSameState(plan.state, await readState(trx, kinds.filter((kind) => plan.state.has(kind.kind))))) throw new StateMoved()
  for (const { kind, change, declaration, document, current } of plan.steps) {
    if (change.action === 'remove' && current !== undefined) await kind.remove(trx, current)
    else if (declaration !== undefined && document !== undefined) await kind.save({ ctx, trx, id: change.id, document, current, secret: ready.get(declaration), saysSecret: declaration.secret !== undefined, declared: true, operator: true })
  }
}

function drawnSecrets(ready: ReadonlyMap<Declaration, ReadySecret>): readonly DrawnSecret[] {
  return [...ready].flatMap(([{ kind, id, document }, { source, text }]) =>
    source.is === 'generate' && text !== undefined && kind.secret !== undefined ? [{ kind: kind.kind, id, member: kind.secret.member(document), value: text }] : [],
  )
}

function isWorthAnotherTry(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  // Lock not available in time, deadlock, serialization failure, and two that created the same thing at once.
  return error instanceof StateMoved || code === '55P03' || code === '40P01' || code === '40001' || code === '23505'
}

function recordChanges(ctx: Context, changes: readonly Change[]): void {
  ctx.audit.record({ event: 'configuration.applied', changes: changes.length })
  for (const { kind, id, action } of changes) if (kind === 'client') ctx.audit.record({ event: 'client.changed', clientId: id, change: `${action} by a file` })
}

/**
 * Makes the database say what the files say, in one transaction. Applied twice, the second time changes nothing. Throws DeclarationError
 * with every fault at once; then nothing was changed.
 */
export async function applyDeclarations(ctx: Context, files: readonly SourceFile[], options: ApplyOptions): Promise<Applied> {
  for (let attempt = 1; ; attempt++) {
    const plan = await makePlan(ctx, files, options)
    const changes = plan.steps.map((step) => step.change)
    if (changes.length === 0) return { changes, warnings: plan.warnings, drawn: [] }
    const ready = await readySecrets(ctx, plan.steps)
    try {
      await inOneTransaction(ctx.db, (trx) => writeSteps(ctx, trx, plan, ready))
    } catch (error) {
      if (attempt >= TRIES || !isWorthAnotherTry(error)) throw error
      continue
    }
    recordChanges(ctx, changes)
    return { changes, warnings: plan.warnings, drawn: drawnSecrets(ready) }
  }
}
