import { setTimeout as sleep } from 'node:timers/promises'
import { cpuMicroseconds, residentMegabytes } from '../cpu.ts'
import { startPortner } from '../portner/server.ts'
import type { BenchPostgres } from '../postgres.ts'

// A process that was just started and has nothing to do.

export interface Idle {
  /** Milliseconds from the start of the process until it is ready; the database runs and is migrated. */
  readonly readyAfter: number
  readonly megabytes: number
  /** Share of one core. */
  readonly cpu: number
  readonly connections: number
}

const QUIET_MS = 3000
const IDLE_MS = 6000

/** Starts one more server and leaves it alone. */
export async function measureIdle(postgres: BenchPostgres): Promise<Idle> {
  const portner = await startPortner({ databaseUrl: postgres.url })
  try {
    await sleep(QUIET_MS)
    const before = cpuMicroseconds(portner.pid)
    await sleep(IDLE_MS)
    const used = cpuMicroseconds(portner.pid) - before
    const { rows } = await postgres.client.query<{ count: string }>(`select count(*) from pg_stat_activity where application_name like 'portner%' and backend_start > now() - interval '12 seconds'`)
    return { readyAfter: portner.readyAfter, megabytes: residentMegabytes(portner.pid), cpu: used / (IDLE_MS * 1000), connections: Number(rows[0]?.count) }
  } finally {
    await portner.stop()
  }
}
