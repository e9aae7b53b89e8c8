import type { Context } from '../context.ts'
import { pendingMigrations } from '../database/migrate.ts'
import { jobs } from '../jobs/index.ts'
import { listLeases } from '../jobs/lease.ts'
import { listKeys } from '../keys/store.ts'
import { outboxState } from '../mail/outbox.ts'
import { type FederationState, listFederations } from '../upstream/federation/store.ts'
import { listTroubles, type Trouble } from '../upstream/health.ts'
import type { Finding } from './findings/check.ts'
import { configurationChecks } from './findings/configuration.ts'
import { databaseChecks, serverFindings } from './findings/database.ts'

// Owns the picture of the whole: what each part says of itself, put side by side, for the operators' pages and the management API; the checks
// in findings/ are the command line's, too (`portner doctor`). Nothing is asked of others for it, and nothing is changed. How it looks belongs
// to those who show it.

const MOST_ROWS = 50
const MOST_FINDINGS = 100

export interface JobState {
  readonly name: string
  readonly everySeconds: number
  readonly doneAt: Date | undefined
  readonly heldUntil: Date | undefined
}

export interface SystemState {
  readonly issuer: string
  readonly pendingMigrations: readonly string[]
  /** Since when the oldest key signs that signs now: it says when the next rotation is due. */
  readonly signingSince: Date | undefined
  readonly mails: { readonly waiting: number; readonly putOff: number; readonly oldest: Date | undefined }
  /** Of this process: parties that are not asked for a while, because they did not answer. */
  readonly openCircuits: number
  readonly jobs: readonly JobState[]
  readonly troubles: readonly Trouble[]
  readonly federations: readonly FederationState[]
}

async function countOpenCircuits(ctx: Context): Promise<number> {
  const { values } = await ctx.metrics.circuitsOpen.get()
  return values.reduce((sum, { value }) => sum + value, 0)
}

async function readSigningSince(ctx: Context): Promise<Date | undefined> {
  const now = new Date(ctx.clock.now())
  const signing = (await listKeys(ctx.db, ctx.sealing)).filter(({ signsFrom, retiresAt }) => signsFrom <= now && (retiresAt === undefined || retiresAt > now))
  return signing.map(({ signsFrom }) => signsFrom).toSorted((a, b) => a.getTime() - b.getTime())[0]
}

async function readJobs(ctx: Context): Promise<readonly JobState[]> {
  const leases = await listLeases(ctx.db)
  return jobs.map(({ name, everySeconds }) => {
    const lease = leases.get(`job ${name}`)
    return { name, everySeconds, doneAt: lease?.doneAt, heldUntil: lease?.until }
  })
}

/** How the whole is now. */
export async function readSystemState(ctx: Context): Promise<SystemState> {
  const [pending, mails, openCircuits, signingSince, jobStates, troubles, federations] = await Promise.all([
    pendingMigrations(ctx.db),
    outboxState(ctx.db),
    countOpenCircuits(ctx),
    readSigningSince(ctx),
    readJobs(ctx),
    listTroubles(ctx, MOST_ROWS),
    listFederations(ctx.db),
  ])
  return { issuer: ctx.config.issuer, pendingMigrations: pending, signingSince, mails, openCircuits, jobs: jobStates, troubles, federations: federations.slice(0, MOST_ROWS) }
}

/** What `portner doctor` finds, but for what only another machine can tell; what is broken first. */
export async function systemFindings(ctx: Context): Promise<readonly Finding[]> {
  const found = [...configurationChecks.flatMap((check) => check(ctx.config)), ...(await serverFindings(ctx.db))]
  for (const check of databaseChecks) found.push(...(await check(ctx.config, ctx.db)))
  const weight = { fail: 0, warn: 1, ok: 2 } as const
  return found.toSorted((a, b) => weight[a.result] - weight[b.result]).slice(0, MOST_FINDINGS)
}
