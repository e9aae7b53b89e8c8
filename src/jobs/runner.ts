import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { isDatabaseUnavailable } from '../database/unavailable.ts'
import { jobs } from './index.ts'
import type { Job } from './job.ts'
import { keepLease, noteDone, releaseLease, takeLease } from './lease.ts'

// Owns when jobs run: timers that are spread at random, so that a hundred processes do not ask at the same second, and a lease, so that
// one process runs a job. It does not own what a job does.

export interface RunningJobs {
  /** Starts nothing more and waits for what runs, at most `milliseconds`. */
  stop(milliseconds: number): Promise<void>
}

const LEASE_SECONDS = 60
const RENEW_MS = 20_000
const FIRST_RUN_MS = 5000
const SPREAD = 0.2

/** Runs a job once if nobody else does or did within its period. Returns what it dealt with, or nothing when it was another's turn. */
export async function runJob(ctx: Context, job: Job, holder: string, stopping: () => boolean): Promise<number | undefined> {
  const lease = `job ${job.name}`
  if (!(await takeLease(ctx.db, lease, holder, LEASE_SECONDS))) return undefined
  const renewal = setInterval(() => void keepLease(ctx.db, lease, holder, LEASE_SECONDS).catch(() => {}), RENEW_MS)
  const started = performance.now()
  let kept = 0
  try {
    const count = await job.run(ctx, stopping)
    // The lease is kept for most of the period: another process's timer that fires a moment later finds it taken.
    kept = job.everySeconds * (1 - SPREAD)
    await noteDone(ctx.db, lease, holder)
    ctx.log[count > 0 ? 'info' : 'debug']({ job: job.name, count, milliseconds: Math.round(performance.now() - started) }, 'job done')
    return count
  } finally {
    clearInterval(renewal)
    await (kept > 0 && !stopping() ? keepLease(ctx.db, lease, holder, kept) : releaseLease(ctx.db, lease, holder)).catch(() => {})
  }
}

function jittered(milliseconds: number): number {
  return milliseconds * (1 - SPREAD + Math.random() * 2 * SPREAD)
}

async function repeat(ctx: Context, job: Job, holder: string, signal: AbortSignal): Promise<void> {
  const stopping = (): boolean => signal.aborted
  for (let wait = Math.random() * FIRST_RUN_MS; !stopping(); wait = jittered(job.everySeconds * 1000)) {
    // Aborted while it waits: the loop's condition ends it.
    await sleep(wait, undefined, { signal, ref: false }).catch(() => {})
    if (stopping()) return
    try {
      await runJob(ctx, job, holder, stopping)
    } catch (error) {
      // While the database is gone everything says so already; the next turn tries again.
      ctx.log[isDatabaseUnavailable(error) ? 'debug' : 'error']({ err: error, job: job.name }, 'job failed')
    }
  }
}

/** Starts all jobs of this process. */
export function startJobs(ctx: Context, list: readonly Job[] = jobs): RunningJobs {
  const end = new AbortController()
  // Each job listens for the end; Node takes more than ten for a leak.
  setMaxListeners(0, end.signal)
  const holder = randomUUID()
  const running = Promise.all(list.map((job) => repeat(ctx, job, holder, end.signal)))
  return {
    stop: async (milliseconds) => {
      end.abort()
      await Promise.race([running, sleep(milliseconds, undefined, { ref: false })])
    },
  }
}
