import { z } from 'zod'
import { can } from '../../organizations/can.ts'
import { readSystemState, type SystemState, systemFindings } from '../../system/state.ts'
import { forbidden } from '../failure.ts'
import { operation, type Resource } from '../operation.ts'

const moment = z.iso.datetime()

const state = z.strictObject({
  version: z.string(),
  issuer: z.string(),
  pending_migrations: z.array(z.string()),
  signing_since: moment.optional().describe('Of the oldest key that signs now'),
  mails: z.strictObject({ waiting: z.int(), put_off: z.int(), oldest: moment.optional() }),
  open_circuits: z.int().describe('Parties that the answering process does not ask for a while'),
  jobs: z.array(z.strictObject({ name: z.string(), every_seconds: z.int(), done_at: moment.optional(), held_until: moment.optional() })),
  troubles: z.array(z.strictObject({ provider_id: z.string(), failures: z.int(), failed_at: moment })).describe('Providers that do not answer, the latest first'),
  federations: z.array(z.strictObject({ federation_id: z.string(), institutions: z.int(), imported_at: moment.optional(), valid_until: moment.optional(), failure: z.string().optional() })),
})

const finding = z.strictObject({ check: z.string(), result: z.enum(['ok', 'warn', 'fail']), message: z.string(), fix: z.string().optional() })
const findings = z.object({ healthy: z.boolean(), items: z.array(finding) })

function at<K extends string>(name: K, moment: Date | undefined): { readonly [N in K]?: string } {
  return moment === undefined ? {} : ({ [name]: moment.toISOString() } as { readonly [N in K]?: string })
}

function show({ issuer, pendingMigrations, signingSince, mails, openCircuits, jobs, troubles, federations }: SystemState, version: string): z.output<typeof state> {
  return {
    version,
    issuer,
    pending_migrations: [...pendingMigrations],
    ...at('signing_since', signingSince),
    mails: { waiting: mails.waiting, put_off: mails.putOff, ...at('oldest', mails.oldest) },
    open_circuits: openCircuits,
    jobs: jobs.map(({ name, everySeconds, doneAt, heldUntil }) => ({ name, every_seconds: everySeconds, ...at('done_at', doneAt), ...at('held_until', heldUntil) })),
    troubles: troubles.map(({ providerId, failures, lastAt }) => ({ provider_id: providerId, failures, failed_at: lastAt.toISOString() })),
    federations: federations.map(({ id, providers, importedAt, validUntil, failure }) => ({ federation_id: id, institutions: providers, ...at('imported_at', importedAt), ...at('valid_until', validUntil), ...(failure === undefined ? {} : { failure }) })),
  }
}

/** How the server is, as the first of the operators' pages has it. */
export const system: Resource = () => [
  operation({
    method: 'GET',
    path: '/api/system',
    id: 'readSystem',
    summary: 'How the server is: version, migrations, jobs, mails, what does not answer',
    scope: 'portner.system.read',
    answer: { status: 200, description: 'How it is', schema: { name: 'System', schema: state } },
    run: async ({ ctx, caller, version }) => {
      if (!can(caller.actor, 'read', { kind: 'system', owner: {} })) throw forbidden()
      return { status: 200, body: show(await readSystemState(ctx), version) }
    },
  }),
  operation({
    method: 'GET',
    path: '/api/system/findings',
    id: 'listFindings',
    summary: 'What `portner doctor` finds on this machine, what is broken first, each with what to do about it',
    scope: 'portner.system.read',
    answer: { status: 200, description: 'All of it; `healthy` when nothing fails', schema: { name: 'FindingList', schema: findings } },
    run: async ({ ctx, caller }) => {
      if (!can(caller.actor, 'read', { kind: 'system', owner: {} })) throw forbidden()
      const items = await systemFindings(ctx)
      return { status: 200, body: { healthy: !items.some(({ result }) => result === 'fail'), items } }
    },
  }),
]
