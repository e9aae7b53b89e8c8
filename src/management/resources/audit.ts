import { z } from 'zod'
import { searchEvents } from '../../audit/store.ts'
import { can } from '../../organizations/can.ts'
import { pageQuery, readCursor, toPage } from '../cursor.ts'
import { forbidden } from '../failure.ts'
import { operation, type Resource } from '../operation.ts'

const event = z.strictObject({
  seq: z.int(),
  id: z.string(),
  at: z.iso.datetime(),
  event: z.string(),
  actor: z.string().optional(),
  user_id: z.string().optional(),
  client_id: z.string().optional(),
  reference: z.string().optional(),
  details: z.record(z.string(), z.unknown()),
})

const filter = { event: z.string().max(100).optional(), actor: z.string().max(300).optional(), target: z.string().max(300).optional(), reference: z.string().max(20).optional(), from: z.iso.datetime().optional(), to: z.iso.datetime().optional() }

/** What happened, newest first. */
export const audit: Resource = () => [
  operation({
    method: 'GET',
    path: '/api/audit',
    id: 'listEvents',
    summary: 'What happened, newest first',
    scope: 'portner.audit.read',
    query: z.strictObject({ ...pageQuery, ...filter }),
    answer: { status: 200, description: 'A page of it', schema: { name: 'EventList', schema: z.object({ items: z.array(event), next_cursor: z.string().optional() }) } },
    run: async ({ ctx, caller, query: { cursor, limit, from, to, ...asked } }) => {
      if (!can(caller.actor, 'read', { kind: 'audit', owner: {} })) throw forbidden()
      const list = `audit ${JSON.stringify([from, to, asked])}`
      const after = readCursor(ctx, list, cursor)
      const range = { from: from === undefined ? undefined : new Date(from), to: to === undefined ? undefined : new Date(to) }
      const rows = await searchEvents(ctx.db, { ...asked, ...range }, { before: after === undefined ? undefined : Number(after), limit: limit + 1 })
      const show = ({ seq, id, at, event: name, actor, userId, clientId, reference, details }: (typeof rows)[number]): object => ({ seq, id, at: at.toISOString(), event: name, ...(actor === undefined ? {} : { actor }), ...(userId === undefined ? {} : { user_id: userId }), ...(clientId === undefined ? {} : { client_id: clientId }), ...(reference === undefined ? {} : { reference }), details })
      return { status: 200, body: toPage(ctx, list, rows, limit, ({ seq }) => String(seq), show) }
    },
  }),
]
