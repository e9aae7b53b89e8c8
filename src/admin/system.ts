import type { Context } from '../context.ts'
import { pendingMigrations } from '../database/migrate.ts'
import type { AdminFact, AdminTable } from '../http/admin-views.ts'
import { jobs } from '../jobs/index.ts'
import type { Job } from '../jobs/job.ts'
import { listLeases } from '../jobs/lease.ts'
import { listKeys } from '../keys/store.ts'
import { outboxState } from '../mail/outbox.ts'
import { listFederations } from '../upstream/federation/store.ts'
import { listTroubles } from '../upstream/health.ts'
import { code, fact, link, moment, number, text, word } from './cells.ts'
import { configurationChecks } from './findings/configuration.ts'
import type { Finding } from './findings/check.ts'
import { databaseChecks, serverFindings } from './findings/database.ts'

// Owns the picture of the whole: what each part says of itself, put side by side. Nothing is asked of others for it, and nothing is changed.

const MOST_ROWS = 50
const MOST_FINDINGS = 100

async function openCircuits(ctx: Context): Promise<number> {
  const { values } = await ctx.metrics.circuitsOpen.get()
  return values.reduce((sum, { value }) => sum + value, 0)
}

/** The oldest key that signs now says when the next rotation is due. */
async function signingSince(ctx: Context): Promise<Date | undefined> {
  const now = new Date(ctx.clock.now())
  const signing = (await listKeys(ctx.db, ctx.sealing)).filter(({ signsFrom, retiresAt }) => signsFrom <= now && (retiresAt === undefined || retiresAt > now))
  return signing.map(({ signsFrom }) => signsFrom).toSorted((a, b) => a.getTime() - b.getTime())[0]
}

export async function systemFacts(ctx: Context, version: string): Promise<readonly AdminFact[]> {
  const [pending, mails, circuits, oldestKey] = await Promise.all([pendingMigrations(ctx.db), outboxState(ctx.db), openCircuits(ctx), signingSince(ctx)])
  return [
    fact('version', code(version)),
    fact('issuer', code(ctx.config.issuer)),
    fact('migrations', ...(pending.length === 0 ? [word('up-to-date')] : pending.map(code))),
    fact('keys-since', moment(oldestKey)),
    fact('mails', number(mails.waiting)),
    fact('mails-put-off', number(mails.putOff)),
    fact('oldest-mail', moment(mails.oldest)),
    fact('circuits', number(circuits)),
  ]
}

/** What `portner doctor` finds, but for what only another machine can tell. */
export async function systemFindings(ctx: Context): Promise<readonly Finding[]> {
  const found = [...configurationChecks.flatMap((check) => check(ctx.config)), ...(await serverFindings(ctx.db))]
  for (const check of databaseChecks) found.push(...(await check(ctx.config, ctx.db)))
  const weight = { fail: 0, warn: 1, ok: 2 } as const
  return found.toSorted((a, b) => weight[a.result] - weight[b.result]).slice(0, MOST_FINDINGS)
}

async function jobTable(ctx: Context): Promise<AdminTable> {
  const leases = await listLeases(ctx.db)
  const row = ({ name, everySeconds }: Job) => {
    const lease = leases.get(`job ${name}`)
    return { id: name, cells: [code(name), number(everySeconds), moment(lease?.doneAt), moment(lease?.until)] }
  }
  return { name: 'jobs', columns: ['job', 'period', 'last-run', 'held-until'], rows: jobs.map(row) }
}

async function troubleTable(ctx: Context): Promise<AdminTable> {
  const troubles = await listTroubles(ctx, MOST_ROWS)
  return { name: 'troubles', columns: ['provider', 'failures', 'failed'], rows: troubles.map(({ providerId, failures, lastAt }) => ({ id: providerId, cells: [link(providerId, `/admin/providers/${providerId}`), number(failures), moment(lastAt)] })) }
}

async function federationTable(ctx: Context): Promise<AdminTable> {
  const federations = (await listFederations(ctx.db)).slice(0, MOST_ROWS)
  const rows = federations.map(({ id, providers, importedAt, validUntil, failure }) => ({ id, cells: [code(id), number(providers), moment(importedAt), moment(validUntil), text(failure)] }))
  return { name: 'federations', columns: ['federation', 'institutions', 'imported', 'valid-until', 'failure'], rows }
}

export async function systemTables(ctx: Context): Promise<readonly AdminTable[]> {
  return Promise.all([jobTable(ctx), troubleTable(ctx), federationTable(ctx)])
}
