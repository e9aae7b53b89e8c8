import type { AdminCell, AdminFact } from '../http/admin-views.ts'

// Short ways to say what a cell is.

const none: AdminCell = { kind: 'none' }

export function text(value: string | undefined): AdminCell {
  return value === undefined || value === '' ? none : { kind: 'text', text: value }
}

export function code(value: string | undefined): AdminCell {
  return value === undefined || value === '' ? none : { kind: 'code', text: value }
}

export function link(value: string, href: string): AdminCell {
  return { kind: 'link', text: value, href }
}

/** A link to the question before a change of what the row is about. */
export function action(name: string, href: string): AdminCell {
  return { kind: 'action', action: name, href }
}

export function word(value: string): AdminCell {
  return { kind: 'word', word: value }
}

export function moment(at: Date | undefined): AdminCell {
  return at === undefined ? none : { kind: 'moment', at }
}

export function number(value: number): AdminCell {
  return { kind: 'number', number: value }
}

export function fact(name: string, ...cells: readonly AdminCell[]): AdminFact {
  return { name, cells: cells.length === 0 ? [none] : cells }
}
