import type { Server } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config.ts'
import { announceStop } from '../../endpoints/health.ts'
import { startJobs } from '../../jobs/runner.ts'
import type { OpenedContext } from '../../open-context.ts'
import { listen, listenForCertificates } from './listen.ts'

// Owns one serving process between "listens" and "has let go of everything".

// Together with what follows it stays below the ten seconds after which a container is killed.
const DRAIN_MS = 8000
const JOBS_MS = 1000

export interface Serving {
  readonly address: string
  /** Says "not ready", finishes what is under way (eight seconds at most), then lets go of jobs, audit and pools. */
  stop(): Promise<void>
}

function closed(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => (server === undefined ? resolve() : void server.close(() => resolve())))
}

/** Serves with an opened context until it is stopped. */
export async function serveHere(config: Config, opened: OpenedContext): Promise<Serving> {
  const { ctx } = opened
  // Loaded here: the other commands need no web server.
  const { buildApp } = await import('../../app.ts')
  const app = await buildApp(opened)
  const address = await listen(app, config)
  const mtls = await listenForCertificates(app, config)
  const jobs = startJobs(ctx)
  ctx.log.info({ address, issuer: config.issuer, pid: process.pid }, 'serving')
  return {
    address,
    stop: async () => {
      announceStop()
      ctx.log.info('stopping: finishing what is under way')
      const drained = Promise.all([app.close(), closed(mtls)]).then(
        () => true,
        () => false,
      )
      if (!(await Promise.race([drained, sleep(DRAIN_MS, false, { ref: false })]))) {
        ctx.log.warn('requests were cut off after eight seconds')
        app.server.closeAllConnections()
        mtls?.closeAllConnections()
      }
      await jobs.stop(JOBS_MS)
      await opened.close()
    },
  }
}
