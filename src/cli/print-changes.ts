import type { Applied } from '../declarations/apply.ts'
import { formatFault } from '../declarations/fault.ts'
import type { Change } from '../declarations/plan.ts'
import type { Io } from './io.ts'
import { tone } from './output.ts'

// Owns how a difference is told to people and to programs.

const SIGN = { create: '+', change: '~', remove: '-' } as const
const TONE = { create: 'green', change: 'yellow', remove: 'red' } as const
const DONE = { create: 'created', change: 'changed', remove: 'removed' } as const

function value(text: unknown): string {
  return text === undefined ? '(none)' : JSON.stringify(text)
}

function changeLines(io: Io, change: Change): readonly string[] {
  const head = tone(io, TONE[change.action], `${SIGN[change.action]} ${change.kind} ${change.id}`)
  if (change.action === 'remove') return [head]
  const members = change.members.map((member) => {
    if (member.secret === true) return `    ${member.member}: ${change.action === 'create' ? 'set' : 'changed'} (not shown)`
    return change.action === 'create' ? `    ${member.member}: ${value(member.to)}` : `    ${member.member}: ${value(member.from)} → ${value(member.to)}`
  })
  return [head, ...members]
}

function summary(changes: readonly Change[], done: boolean): string {
  if (changes.length === 0) return 'no changes'
  const counts = (['create', 'change', 'remove'] as const).map((action) => ({ action, count: changes.filter((change) => change.action === action).length })).filter(({ count }) => count > 0)
  return counts.map(({ action, count }) => (done ? `${count} ${DONE[action]}` : `${count} to ${action}`)).join(', ')
}

/** The difference as text: `+` created, `~` changed with old and new value, `-` removed. Secrets are never shown. */
export function changesText(io: Io, changes: readonly Change[], done: boolean): string {
  return `${[...changes.flatMap((change) => changeLines(io, change)), summary(changes, done)].join('\n')}\n`
}

/** Secrets that were drawn, told once. */
export function drawnText(applied: Pick<Applied, 'drawn'>): string {
  if (applied.drawn.length === 0) return ''
  const lines = applied.drawn.map(({ kind, id, member, value: drawn }) => `  ${kind} ${id}: ${member}: ${drawn}`)
  return `\nShown once, and nowhere kept in a readable form:\n${lines.join('\n')}\n`
}

/** Warnings on standard error, so that they never mix with a result. */
export function printWarnings(io: Io, warnings: Applied['warnings']): void {
  for (const warning of warnings) io.err(`${tone(io, 'yellow', 'warning:')} ${formatFault(warning)}\n`)
}
