import { z } from 'zod'
import { ownerOf } from '../../clients/client.ts'
import { readClient } from '../../clients/store.ts'
import { findThing } from '../../declarations/thing.ts'
import { listTraces } from '../../diagnosis/store.ts'
import { can } from '../../organizations/can.ts'
import { readDiagnosis } from '../diagnosis/read-diagnosis.ts'
import { forbidden, notFound } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const MOST = 100

const level = z.enum(['refused', 'warning'])
const compared = z.strictObject({ name: z.string(), sent: z.string().optional(), expected: z.string().optional(), secret: z.boolean().optional() })
const diagnosis = z.strictObject({
  reference: z.string(),
  at: z.iso.datetime(),
  level,
  client_id: z.string().optional(),
  request: z.string(),
  error: z.string(),
  error_description: z.string(),
  cause: z.string().describe('A code that stays; `portner explain` and the dashboard say it in words'),
  rule: z.string(),
  compared: z.array(compared).describe('What was sent and what would have done; secrets are hashes'),
  hints: z.array(z.strictObject({ name: z.string(), values: z.record(z.string(), z.union([z.string(), z.number()])).optional() })),
  parameters: z.record(z.string(), z.string()),
  similar: z.int().describe('With the same cause in 24 hours, this one too'),
})
const line = z.strictObject({ reference: z.string(), at: z.iso.datetime(), level, request: z.string(), error: z.string(), cause: z.string() })

/** Why requests were refused: for whom the client is, for a day; for operators all of it, for a week. */
export const diagnoses: Resource = () => [
  operation({
    method: 'GET',
    path: '/api/diagnoses/{reference}',
    id: 'readDiagnosis',
    summary: 'Why the request with this reference was refused',
    scope: 'portner.diagnoses.read',
    answer: { status: 200, description: 'The cause, what was compared, and the rule', schema: { name: 'Diagnosis', schema: diagnosis } },
    refusals: [404],
    run: async (call) => {
      const found = await readDiagnosis(call.ctx, param(call, 'reference'), call.caller.actor)
      if (found === undefined) throw notFound()
      const { reference, at, clientId, method, endpoint, description, ...rest } = found
      const { level: of, error, cause, rule, compared: pairs, hints, parameters, similar } = rest
      return { status: 200, body: { reference, at: at.toISOString(), level: of, ...(clientId === undefined ? {} : { client_id: clientId }), request: `${method} ${endpoint}`, error, error_description: description, cause, rule, compared: pairs, hints, parameters, similar } }
    },
  }),
  operation({
    method: 'GET',
    path: '/api/clients/{client_id}/diagnoses',
    id: 'listDiagnosesOfClient',
    summary: `What of a client was refused or warned about in the last day, newest first, at most ${MOST}`,
    scope: 'portner.diagnoses.read',
    answer: { status: 200, description: 'One line of each', schema: { name: 'DiagnosisList', schema: z.object({ items: z.array(line) }) } },
    refusals: [404],
    run: async (call) => {
      const { ctx, caller } = call
      const { id } = await findThing(ctx, caller.actor, 'client', param(call, 'client_id'))
      const client = await readClient(ctx.db, id)
      if (client === undefined) throw notFound()
      if (!can(caller.actor, 'read', { kind: 'trace', owner: ownerOf(client) })) throw forbidden()
      await ctx.diagnosis.flush()
      const items = (await listTraces(ctx.db, id, MOST)).map(({ reference, at, level: of, endpoint, error, cause, document }) => ({ reference, at: at.toISOString(), level: of, request: `${document.method} ${endpoint}`, error, cause }))
      return { status: 200, body: { items } }
    },
  }),
]
