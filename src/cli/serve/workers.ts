import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../audit/log.ts'
import type { Connection } from '../../database/connect.ts'
import { Failure } from '../status.ts'
import type { Order, Report } from './worker.ts'

// Owns the workers of the first process: as many as asked for, a dead one replaced, all stopped together.

const AGAIN_MS = 200
const AGAIN_MOST_MS = 10_000
const HEALTHY_MS = 30_000
const STOP_MS = 13_000

export interface Workers {
  /** Resolves with the address when the first one listens. Throws Failure when workers end before any ever did. */
  readonly first: Promise<string>
  stop(): Promise<void>
}

function isReport(message: unknown): message is Report {
  return typeof message === 'object' && message !== null && 'portner' in message && (message.portner === 'here' || message.portner === 'serving')
}

function tell(worker: Worker, order: Order): void {
  if (worker.isConnected()) worker.send(order)
}

function untilExit(worker: Worker): Promise<number> {
  return new Promise((resolve) => worker.once('exit', (code) => resolve(code)))
}

/** Starts `count` workers that serve from `connection`. */
export function startWorkers(count: number, connection: Connection, log: Log): Workers {
  const ending = new AbortController()
  let everServed = false
  let served: (address: string) => void = () => {}
  let failed: (error: Error) => void = () => {}
  const first = new Promise<string>((resolve, reject) => {
    served = resolve
    failed = reject
  })

  async function keepOne(): Promise<void> {
    let wait = AGAIN_MS
    while (!ending.signal.aborted) {
      const worker = cluster.fork()
      const started = performance.now()
      worker.on('message', (message: unknown) => {
        if (!isReport(message)) return
        if (message.portner === 'here') return tell(worker, { portner: 'serve', connection })
        everServed = true
        served(message.address)
      })
      const code = await untilExit(worker)
      if (ending.signal.aborted) return
      // Without one that ever served, a fault of the configuration or the port: saying it again and again helps nobody.
      if (!everServed) return failed(new Failure('The server processes ended before they could serve', 'the reason is above'))
      wait = performance.now() - started > HEALTHY_MS ? AGAIN_MS : Math.min(wait * 2, AGAIN_MOST_MS)
      log.error({ worker: worker.process.pid, code, again_ms: wait }, 'a server process ended; starting another')
      await sleep(wait)
    }
  }

  const all = Promise.all(Array.from({ length: count }, keepOne))
  return {
    first,
    stop: async () => {
      ending.abort()
      const workers = Object.values(cluster.workers ?? {}).flatMap((worker) => worker ?? [])
      for (const worker of workers) tell(worker, { portner: 'stop' })
      const gone = Promise.all(workers.filter((worker) => !worker.isDead()).map(untilExit))
      await Promise.race([gone, sleep(STOP_MS, undefined, { ref: false })])
      for (const worker of workers) if (!worker.isDead()) worker.process.kill('SIGKILL')
      void all
    },
  }
}
