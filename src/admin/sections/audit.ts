import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { exportEvents } from '../../audit/export.ts'
import { type ChainedEvent, type EventFilter, searchEvents } from '../../audit/store.ts'
import type { Context } from '../../context.ts'
import type { AdminCell } from '../../http/admin-views.ts'
import { isRowId } from '../../lib/random.ts'
import { code, link, moment } from '../cells.ts'
import { readFilters, registerList, ROWS } from '../list-page.ts'
import { type AdminKit, type AdminSection, isOperator } from '../section.ts'

// What happened, newest first, by event, by who did it, by what it was done to, by reference and by day; and as lines of JSON to take along.
// That it is what was written, `portner audit verify` says.

const NAME = 'audit'
const PATH = '/admin/audit'
const EXPORT = `${PATH}/export`
const FILTERS = [{ name: 'event', hint: true }, { name: 'actor' }, { name: 'target', hint: true }, { name: 'reference' }, { name: 'from', hint: true }, { name: 'to', hint: true }]
const DAY_MS = 86_400_000

/** The first moment of a day, or the moment itself. */
function readTime(value: string | undefined): Date | undefined {
  const at = value !== undefined && /^\d{4}-\d{2}-\d{2}(?:T[\d:.]{5,12}Z)?$/.test(value) ? new Date(value) : undefined
  return at === undefined || Number.isNaN(at.getTime()) ? undefined : at
}

/** The moment after a day. */
function readEnd(value: string | undefined): Date | undefined {
  const at = readTime(value)
  return at !== undefined && value?.length === 10 ? new Date(at.getTime() + DAY_MS) : at
}

function filterOf(filters: ReadonlyMap<string, string>): EventFilter {
  return { event: filters.get('event'), actor: filters.get('actor'), target: filters.get('target'), reference: filters.get('reference')?.toUpperCase(), from: readTime(filters.get('from')), to: readEnd(filters.get('to')) }
}

function personCell(id: string | undefined): AdminCell {
  return id !== undefined && isRowId(id) ? link(id, `/admin/users/${id}`) : code(id)
}

function subjectCell({ userId, clientId, details }: ChainedEvent): AdminCell {
  if (userId !== undefined) return personCell(userId)
  if (clientId !== undefined) return link(clientId, `/admin/clients/${encodeURIComponent(clientId)}`)
  const { providerId } = details
  return typeof providerId === 'string' ? link(providerId, `/admin/providers/${encodeURIComponent(providerId)}`) : { kind: 'none' }
}

function detailsOf({ details, userId }: ChainedEvent): string {
  return Object.entries(details).filter(([name]) => name !== 'userId' && (name !== 'clientId' || userId !== undefined)).map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' · ')
}

function exportPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  app.get(EXPORT, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    await ctx.audit.flush()
    const lines = exportEvents(ctx.db, filterOf(readFilters(request, FILTERS)))
    void reply.headers({ 'cache-control': 'no-store', 'content-disposition': 'attachment; filename="audit.jsonl"' })
    return reply.type('application/jsonl; charset=utf-8').send(Readable.from(lines))
  })
}

export const audit: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    registerList<ChainedEvent>(app, kit, {
      section: NAME,
      path: PATH,
      names: FILTERS,
      columns: ['event', 'when', 'actor', 'about', 'reference', 'details'],
      find: async ({ filters, after }) => {
        // What was done a moment ago belongs on the page.
        await ctx.audit.flush()
        const before = after !== undefined && /^-?\d{1,15}$/.test(after) ? Number(after) : undefined
        return searchEvents(ctx.db, filterOf(filters), { before, limit: ROWS + 1 })
      },
      idOf: ({ seq }) => String(seq),
      cells: (event) => [code(event.event), moment(event.at), personCell(event.actor), subjectCell(event), code(event.reference), code(detailsOf(event))],
      actions: ({ filters }) => {
        const query = new URLSearchParams(Object.fromEntries(filters)).toString()
        return [{ name: 'export', href: query === '' ? EXPORT : `${EXPORT}?${query}` }]
      },
    })
    exportPage(app, ctx, kit)
  },
}
