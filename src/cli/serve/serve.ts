import cluster from 'node:cluster'
import { resolve } from 'node:path'
import { type Command as Commander } from 'commander'
import { pino } from 'pino'
import { AggregatorRegistry } from 'prom-client'
import { createLog, type Log } from '../../audit/log.ts'
import { type Config, readConfig } from '../../config.ts'
import { openContext } from '../../open-context.ts'
import { type Command, withExamples } from '../command.ts'
import { type Reached, reachDatabase } from '../connect.ts'
import type { Io } from '../io.ts'
import { status } from '../status.ts'
import { demoBanner } from './banner.ts'
import { serveMetrics } from './metrics-server.ts'
import { applyAtStart, migrateAtStart } from './prepare.ts'
import { serveHere } from './serve-here.ts'
import { untilAskedToStop } from './signals.ts'
import { warnAtStart } from './warnings.ts'
import { runWorker } from './worker.ts'
import { startWorkers } from './workers.ts'

// Owns the life of a server from its configuration to its exit status: database, migrations, configuration, then one process or several.

interface Stoppable {
  stop(): Promise<void>
}

function tellEmbedded(config: Config, reached: Reached, log: Log): void {
  if (reached.embedded === undefined || config.demo) return
  log.warn({ directory: resolve(config.dataDir) }, 'DATABASE_URL is not set: an embedded PostgreSQL runs in the data directory. It is for evaluation and single machines; nobody backs it up')
}

async function serveAlone(config: Config, reached: Reached, log: Log, io: Io): Promise<Stoppable> {
  const opened = await openContext(config, { connection: reached.connection, log, processMetrics: true })
  try {
    await applyAtStart(opened.ctx, config, io)
    const { registry } = opened.ctx.metrics
    const metrics = config.metricsPort === undefined ? undefined : await serveMetrics(config.metricsPort, registry.contentType, () => registry.metrics())
    const serving = await serveHere(config, opened)
    return {
      stop: async () => {
        await serving.stop()
        metrics?.close()
      },
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function serveWithWorkers(config: Config, reached: Reached, log: Log, io: Io): Promise<Stoppable> {
  const opened = await openContext(config, { connection: reached.connection, log })
  try {
    await applyAtStart(opened.ctx, config, io)
  } finally {
    await opened.close()
  }
  const aggregated = new AggregatorRegistry()
  const metrics = config.metricsPort === undefined ? undefined : await serveMetrics(config.metricsPort, aggregated.contentType, () => aggregated.clusterMetrics())
  const workers = startWorkers(config.workers, reached.connection, log)
  try {
    await workers.first
  } catch (error) {
    await workers.stop()
    throw error
  }
  return {
    stop: async () => {
      await workers.stop()
      metrics?.close()
    },
  }
}

async function serveUntilAsked(config: Config, log: Log, io: Io): Promise<number> {
  const asked = untilAskedToStop()
  warnAtStart(config, log)
  const reached = await reachDatabase(config, log)
  try {
    tellEmbedded(config, reached, log)
    await migrateAtStart(reached.connection, log)
    const serving = await (config.workers > 1 ? serveWithWorkers : serveAlone)(config, reached, log, io)
    if (config.demo) io.out(demoBanner(config, reached.embedded !== undefined))
    await asked
    await serving.stop()
    return status.ok
  } finally {
    // Last: nothing asks it any more.
    await reached.release()
    log.info('stopped')
  }
}

// A newcomer wants the box, not the log; whoever asks for a level gets it.
function levelOf(config: Config, io: Io): string {
  return config.demo && (io.env['LOG_LEVEL'] ?? '') === '' ? 'warn' : config.logLevel
}

// A write for every line was a tenth of a request's time. The last lines are written however the process ends, but by SIGKILL.
const TOGETHER = { minLength: 4096, periodicFlush: 100 } as const

async function serve(io: Io, options: { readonly demo?: boolean }): Promise<number> {
  const config = readConfig(io.env, { demo: options.demo === true })
  const destination = pino.destination({ fd: 1, sync: false, ...TOGETHER })
  const log = createLog(levelOf(config, io), destination)
  try {
    return await (cluster.isWorker ? runWorker(config, log) : serveUntilAsked(config, log, io))
  } finally {
    destination.flushSync()
  }
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const command = parent
    .command('serve')
    .description('run the server: migrates, applies PORTNER_CONFIG, listens')
    .option('--demo', 'with demo people and clients; on this machine only')
    .action(async (options: { demo?: boolean }) => finish(await serve(io, options)))
  withExamples(command, ['portner serve --demo', 'DATABASE_URL=postgres://… PORTNER_ISSUER=https://login.example.org PORTNER_SECRET_KEY_FILE=/run/secrets/key portner serve'])
}

export const serveCommand: Command = { name: 'serve', register }
