import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AdminAction, AdminCell, AdminFilter, AdminListModel } from '../http/admin-views.ts'
import { queryForm } from '../http/forms.ts'
import type { Locale } from '../http/locale.ts'
import { page, requestLocale } from '../http/pages.ts'
import { type AdminKit, isOperator, type Operator } from './section.ts'

// Owns what all lists share: filters and the place in the list are GET parameters, and a page has so many rows. One more row is asked for than
// is shown, so that it is known whether more follow.

export const ROWS = 25
const LONGEST = 200

/** A field above a list: typed, or one of some options. */
export interface FilterField {
  readonly name: string
  readonly options?: readonly string[]
  readonly codes?: boolean
  readonly hint?: boolean
}

/** The values of the filters, cut to what could be meant; an option that is none is no filter. */
export function readFilters(request: FastifyRequest, names: readonly FilterField[]): ReadonlyMap<string, string> {
  const { single } = queryForm(request)
  return new Map(
    names.flatMap(({ name, options }) => {
      const value = (single.get(name) ?? '').trim().slice(0, LONGEST)
      return value === '' || (options !== undefined && !options.includes(value)) ? [] : [[name, value] as const]
    }),
  )
}

/** Whether what was typed stands in one of these texts; nothing typed stands in all. */
export function stands(typed: string | undefined, texts: readonly string[]): boolean {
  const wanted = typed?.toLowerCase()
  return wanted === undefined || texts.some((text) => text.toLowerCase().includes(wanted))
}

/** What a list is asked for. */
export interface Asked {
  readonly language: Locale
  readonly filters: ReadonlyMap<string, string>
  /** The page begins after this row. */
  readonly after: string | undefined
}

export interface List<T> {
  readonly section: string
  readonly path: string
  readonly names: readonly FilterField[]
  readonly columns: readonly string[]
  /** ROWS of them and one more where there are more. */
  find(asked: Asked): Promise<readonly T[]>
  idOf(thing: T): string
  cells(thing: T, language: Locale): readonly AdminCell[]
  actions?(asked: Asked): readonly AdminAction[]
}

function readAsked(request: FastifyRequest, names: readonly FilterField[]): Asked {
  const after = queryForm(request).single.get('after')
  return { language: requestLocale(request), filters: readFilters(request, names), after: after === undefined || after === '' || after.length > LONGEST ? undefined : after }
}

function modelOf<T>(kit: AdminKit, operator: Operator, list: List<T>, asked: Asked, things: readonly T[], done: string | undefined): AdminListModel {
  const { filters, language, after } = asked
  const shown = things.slice(0, ROWS)
  const last = shown.at(-1)
  const address = (more: Readonly<Record<string, string>>): string => {
    const query = new URLSearchParams({ ...Object.fromEntries(filters), ...more }).toString()
    return query === '' ? list.path : `${list.path}?${query}`
  }
  return {
    admin: kit.frame(operator, list.section),
    section: list.section,
    done: readDone(done),
    action: list.path,
    filters: list.names.map(({ name, options, codes, hint }): AdminFilter => ({ name, value: filters.get(name) ?? '', options, codes, hint })),
    table: { name: list.section, columns: list.columns, rows: shown.map((thing) => ({ id: list.idOf(thing), cells: list.cells(thing, language) })) },
    firstHref: after === undefined ? undefined : address({}),
    nextHref: things.length > ROWS && last !== undefined ? address({ after: list.idOf(last) }) : undefined,
    actions: list.actions?.(asked) ?? [],
  }
}

/** A list at its path. */
export function registerList<T>(app: FastifyInstance, kit: AdminKit, list: List<T>): void {
  app.get(list.path, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const asked = readAsked(request, list.names)
    return page(reply, request, 'admin-list', modelOf(kit, operator, list, asked, await list.find(asked), queryForm(request).single.get('done')))
  })
}

export const DONE = ['lock', 'unlock', 'end-sessions', 'send-reset', 'remove-factors', 'withdraw', 'switch-off', 'switch-on', 'disable', 'enable', 'rotate', 'rotate-saml'] as const

/** What was done, as an address tells it; nothing for anything else that stands there. */
export function readDone(done: string | undefined): string | undefined {
  return DONE.find((one) => one === done)
}
