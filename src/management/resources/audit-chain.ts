import { z } from 'zod'
import type { ChainEnd } from '../../audit/chain.ts'
import { headText, readHead } from '../../audit/verify.ts'
import { can } from '../../organizations/can.ts'
import { pageQuery, readCursor, writeCursor } from '../cursor.ts'
import { forbidden, invalid } from '../failure.ts'
import { operation, type Resource } from '../operation.ts'

/** Events of one answer: a request ends in time, however long the chain is. */
const MOST = 10_000

const fault = z.strictObject({
  kind: z.enum(['changed', 'missing', 'added', 'end', 'other']).describe('The event is not the one that was written; events are not there; no server with the key wrote it; an end is not by such a server; the chain does not lead over `head`'),
  seq: z.int(),
  to: z.int().optional(),
  id: z.string().optional(),
  event: z.string().optional(),
  at: z.iso.datetime().optional(),
  end: z.enum(['head', 'anchor']).optional(),
})

const verdict = z.strictObject({
  unbroken: z.boolean(),
  events: z.int().describe('Looked at for this answer'),
  unproven: z.int().describe('Of them, from before there was a chain'),
  forgotten: z.int().describe('Before the first one that is kept'),
  head: z.string().describe('The end of the chain; keep it elsewhere and give it to a later run'),
  faults: z.array(fault),
  next_cursor: z.string().optional().describe('Where the next answer goes on; absent at the end of the chain'),
})

/** What `portner audit verify` says, in parts. */
export const auditChain: Resource = () => [
  operation({
    method: 'GET',
    path: '/api/audit/chain',
    id: 'verifyChain',
    summary: `Walks along the chain of all events, ${MOST} a request, and tells where it breaks`,
    scope: 'portner.audit.read',
    query: z.strictObject({ cursor: pageQuery.cursor, head: z.string().max(100).optional().describe('What an earlier run told as `head`') }),
    answer: { status: 200, description: 'What was found', schema: { name: 'ChainVerdict', schema: verdict } },
    run: async ({ ctx, caller, query: { cursor, head: said } }) => {
      if (!can(caller.actor, 'read', { kind: 'audit', owner: {} })) throw forbidden()
      const kept = said === undefined ? undefined : readHead(said)
      if (said !== undefined && kept === undefined) throw invalid([{ path: 'head', message: 'head must be what an earlier run told: a number, a colon and 64 hexadecimal digits' }])
      const list = `chain over ${said ?? ''}`
      const at = readHead(readCursor(ctx, list, cursor) ?? '')
      const from: ChainEnd | undefined = at && { seq: at.seq, digest: Buffer.from(at.digest, 'hex') }
      await ctx.audit.flush()
      const { events, unproven, anchor, head, faults, rest } = await ctx.audit.verify({ kept, from, most: MOST })
      return { status: 200, body: { unbroken: faults.length === 0, events, unproven, forgotten: Math.max(0, anchor.seq), head: headText(head), faults, ...(rest === undefined ? {} : { next_cursor: writeCursor(ctx, list, headText(rest)) }) } }
    },
  }),
]
