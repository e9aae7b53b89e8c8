import { AggregatorRegistry } from 'prom-client'
import type { Log } from '../../audit/log.ts'
import type { Config } from '../../config.ts'
import type { Connection } from '../../database/connect.ts'
import { openContext } from '../../open-context.ts'
import { status } from '../status.ts'
import { serveHere } from './serve-here.ts'
import { untilAskedToStop } from './signals.ts'

// Owns a worker: a process that serves, told by the first process where the database is and when to stop.

/** What the first process says to a worker. */
export type Order = { readonly portner: 'serve'; readonly connection: Connection } | { readonly portner: 'stop' }
/** What a worker says: that it is there to take orders (what is said to it earlier may be lost), and that it listens. */
export type Report = { readonly portner: 'here' } | { readonly portner: 'serving'; readonly address: string }

function isOrder(message: unknown): message is Order {
  return typeof message === 'object' && message !== null && 'portner' in message && (message.portner === 'serve' || message.portner === 'stop')
}

function untilOrder(name: Order['portner']): Promise<Order> {
  return new Promise((resolve) => {
    process.on('message', (message) => {
      if (isOrder(message) && message.portner === name) resolve(message)
    })
  })
}

function report(what: Report): void {
  process.send?.(what)
}

/** Runs as a worker until told to stop, asked to by a signal, or left alone. Gives the exit status. */
export async function runWorker(config: Config, log: Log): Promise<number> {
  const ending = Promise.race([untilAskedToStop(), untilOrder('stop'), new Promise((resolve) => process.once('disconnect', resolve))])
  const ordered = untilOrder('serve')
  report({ portner: 'here' })
  const order = await ordered
  if (order.portner !== 'serve') return status.failed
  const opened = await openContext(config, { connection: order.connection, log, processMetrics: true })
  AggregatorRegistry.setRegistries(opened.ctx.metrics.registry)
  // Its listener answers the first process's questions for figures.
  void new AggregatorRegistry()
  const serving = await serveHere(config, opened)
  report({ portner: 'serving', address: serving.address })
  await ending
  await serving.stop()
  if (process.connected) process.disconnect()
  return status.ok
}
