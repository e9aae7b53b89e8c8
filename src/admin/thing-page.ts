import type { FastifyInstance } from 'fastify'
import { notFound } from '../account/not-found.ts'
import type { AdminAction, AdminFact, AdminTable } from '../http/admin-views.ts'
import { queryForm } from '../http/forms.ts'
import type { Locale } from '../http/locale.ts'
import { page, requestLocale } from '../http/pages.ts'
import { readDone } from './list-page.ts'
import { type AdminKit, isOperator, type Operator } from './section.ts'

// Owns the page about one thing, below its list.

/** What stands on the page. */
export interface ThingFacts {
  readonly title: string
  readonly facts: readonly AdminFact[]
  readonly tables?: readonly AdminTable[]
  readonly actions?: readonly AdminAction[]
}

export interface ThingPage<T> {
  readonly section: string
  /** Of the list; the page is at `/:id` below it. */
  readonly path: string
  /** Nothing leads to 404. */
  readonly find: (id: string) => Promise<T | undefined>
  readonly show: (thing: T, language: Locale, operator: Operator) => Promise<ThingFacts>
}

/** The page about one thing. */
export function registerThing<T>(app: FastifyInstance, kit: AdminKit, { section, path, find, show }: ThingPage<T>): void {
  app.get<{ Params: { id: string } }>(`${path}/:id`, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const thing = await find(request.params.id)
    if (thing === undefined) throw notFound()
    const { title, facts, tables = [], actions = [] } = await show(thing, requestLocale(request), operator)
    return page(reply, request, 'admin-thing', { admin: kit.frame(operator, section), section, title, done: readDone(queryForm(request).single.get('done')), facts, tables, actions, backHref: path })
  })
}
