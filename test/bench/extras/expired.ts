import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely, KyselyPlugin } from 'kysely'
import { readConfig } from '../../../src/config.ts'
import type { Database } from '../../../src/database/schema.ts'
import { deleteExpiredJob } from '../../../src/jobs/delete-expired.ts'
import { keepLease, takeLease } from '../../../src/jobs/lease.ts'
import { openContext } from '../../../src/open-context.ts'
import { median, type Measurer, type Target } from '../measure.ts'
import { insertExpiredTokens } from '../portner/rows.ts'
import type { BenchPostgres } from '../postgres.ts'

// A million expired tokens leave by the real job while others are issued and redeemed.

export interface ExpiredReport {
  readonly rows: number
  readonly deleted: number
  readonly seconds: number
  /** Milliseconds: the longest single statement of the job. */
  readonly slowestStatement: number
  /** Medians of 99th percentiles over slices of some seconds, milliseconds. */
  readonly quiet: number
  readonly during: number
  readonly times: number
  readonly met: boolean
}

const ROWS = 1_000_000
const PER_SECOND = 300
const SLICE_SECONDS = 4
const QUIET_SLICES = 5
const MOST_TIMES = 2
const MOST_MS = 500
const LEASE = `job ${deleteExpiredJob.name}`

// Every statement that a database handle runs, timed from its text to its rows.
function timed(db: Kysely<Database>, took: (milliseconds: number) => void): Kysely<Database> {
  const started = new Map<object, number>()
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      started.set(queryId, performance.now())
      return node
    },
    transformResult: async ({ result, queryId }) => {
      took(performance.now() - (started.get(queryId) ?? Number.NaN))
      started.delete(queryId)
      return result
    },
  }
  return db.withPlugin(plugin)
}

/** Inserts the rows, measures in quiet, then while the job runs. The target's requests are made anew for each slice. */
export async function measureExpired({ load }: Measurer, postgres: BenchPostgres, target: Target): Promise<ExpiredReport> {
  const config = readConfig({ DATABASE_URL: postgres.url, LOG_LEVEL: 'error', PORTNER_SECRET_KEY: 'the benchmark keeps nothing that is secret' }, { demo: false })
  const opened = await openContext(config, { connection: { connectionString: postgres.url } })
  const slice = async (): Promise<number> => {
    if (typeof target.requests === 'function') await load.define(target.key, await target.requests(PER_SECOND * SLICE_SECONDS * 2))
    return (await load.run({ kind: 'open', name: target.key, port: target.port, connections: 32, perSecond: PER_SECOND, seconds: SLICE_SECONDS })).p99
  }
  try {
    // The server's own turn must not come while the rows are written.
    while (!(await takeLease(opened.ctx.db, LEASE, 'bench', 3600))) await sleep(500)
    await insertExpiredTokens(postgres.client, ROWS)
    await postgres.client.query('checkpoint')
    const quiet: number[] = []
    for (let i = 0; i < QUIET_SLICES; i++) quiet.push(await slice())
    let slowest = 0
    const db = timed(opened.ctx.db, (milliseconds) => (slowest = Math.max(slowest, milliseconds)))
    const started = performance.now()
    const done: { seconds: number | undefined } = { seconds: undefined }
    const job = deleteExpiredJob.run({ ...opened.ctx, db }, () => false).finally(() => (done.seconds = (performance.now() - started) / 1000))
    const during: number[] = []
    while (done.seconds === undefined) during.push(await slice())
    const deleted = await job
    await keepLease(opened.ctx.db, LEASE, 'bench', 0)
    const times = median(during) / median(quiet)
    return { rows: ROWS, deleted, seconds: done.seconds, slowestStatement: slowest, quiet: median(quiet), during: median(during), times, met: times <= MOST_TIMES && slowest <= MOST_MS }
  } finally {
    await opened.close()
  }
}
