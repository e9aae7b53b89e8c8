import type { FastifyRequest } from 'fastify'
import type { AdminAction, AdminCell, AdminFilter, AdminListModel } from '../http/admin-views.ts'
import { queryForm } from '../http/forms.ts'
import type { AdminKit, Operator } from './section.ts'

// Owns what all lists share: filters and the place in the list are GET parameters, and a page has so many rows. One more row is asked for than
// is shown, so that it is known whether more follow.

export const ROWS = 25
const LONGEST = 200

/** The values of the filters, cut to what could be meant; an option that is none is no filter. */
export function readFilters(request: FastifyRequest, names: readonly { readonly name: string; readonly options?: readonly string[] }[]): ReadonlyMap<string, string> {
  const { single } = queryForm(request)
  return new Map(
    names.flatMap(({ name, options }) => {
      const value = (single.get(name) ?? '').trim().slice(0, LONGEST)
      return value === '' || (options !== undefined && !options.includes(value)) ? [] : [[name, value] as const]
    }),
  )
}

/** Where in the list the page begins: after this row. */
export function readAfter(request: FastifyRequest): string | undefined {
  const after = queryForm(request).single.get('after')
  return after === undefined || after === '' || after.length > LONGEST ? undefined : after
}

export interface ListPage<T> {
  readonly section: string
  readonly path: string
  readonly names: readonly { readonly name: string; readonly options?: readonly string[]; readonly codes?: boolean; readonly hint?: boolean }[]
  readonly filters: ReadonlyMap<string, string>
  readonly columns: readonly string[]
  /** ROWS of them and one more where there are more. */
  readonly things: readonly T[]
  idOf(thing: T): string
  cells(thing: T): readonly AdminCell[]
  readonly actions?: readonly AdminAction[]
}

/** The model of a list. */
export function listModel<T>(kit: AdminKit, request: FastifyRequest, operator: Operator, list: ListPage<T>): AdminListModel {
  const shown = list.things.slice(0, ROWS)
  const last = shown.at(-1)
  const address = (more: Readonly<Record<string, string>>): string => {
    const query = new URLSearchParams({ ...Object.fromEntries(list.filters), ...more }).toString()
    return query === '' ? list.path : `${list.path}?${query}`
  }
  const done = queryForm(request).single.get('done')
  return {
    admin: kit.frame(operator, list.section),
    section: list.section,
    done: readDone(done),
    action: list.path,
    filters: list.names.map(({ name, options, codes, hint }): AdminFilter => ({ name, value: list.filters.get(name) ?? '', options, codes, hint })),
    table: { name: list.section, columns: list.columns, rows: shown.map((thing) => ({ id: list.idOf(thing), cells: list.cells(thing) })) },
    firstHref: readAfter(request) === undefined ? undefined : address({}),
    nextHref: list.things.length > ROWS && last !== undefined ? address({ after: list.idOf(last) }) : undefined,
    actions: list.actions ?? [],
  }
}

export const DONE = ['lock', 'unlock', 'end-sessions', 'send-reset', 'remove-factors', 'withdraw', 'switch-off', 'switch-on', 'disable', 'enable', 'rotate'] as const

/** What was done, as an address tells it; nothing for anything else that stands there. */
export function readDone(done: string | undefined): string | undefined {
  return DONE.find((one) => one === done)
}
