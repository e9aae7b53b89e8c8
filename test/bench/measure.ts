import { setTimeout as sleep } from 'node:timers/promises'
import { cpuMicroseconds } from './cpu.ts'
import type { Latencies, Order } from './load/messages.ts'
import { type Child, startChild } from './process.ts'
import type { Route, RouteRequests } from './routes.ts'

// Owns one measurement: so many requests of one route, and what they cost the server and PostgreSQL.

export interface Load {
  run(order: Order): Promise<Latencies>
  define(name: string, requests: RouteRequests): Promise<void>
  readonly child: Child
}

/** Starts the process that makes the load. */
export async function startLoad(): Promise<Load> {
  const { child } = await startChild('./load/load-process.ts')
  return {
    child,
    run: (order) => child.ask<Latencies>(order),
    define: async (name, { list, rotates }) => {
      await child.ask({ kind: 'define', name, requests: list, rotates } satisfies Order)
    },
  }
}

/** A route of a server that runs. */
export interface Target extends Route {
  /** Unique in a run. */
  readonly key: string
  readonly port: number
  readonly serverPid: number
}

export interface Sample {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU microseconds a request. */
  readonly server: number
  readonly postgres: number
}

export interface Sizes {
  readonly connections: number
  readonly count: number
}

const SETTLE_MS = 60

export interface Measurer {
  readonly load: Load
  readonly postgresPid: number
}

/** Sends the requests and takes the cost. Throws when any answer was not 200: a refusal is cheap and would look like speed. */
export async function measure({ load, postgresPid }: Measurer, target: Target, { connections, count }: Sizes): Promise<Sample> {
  if (typeof target.requests === 'function') await load.define(target.key, await target.requests(count))
  await sleep(SETTLE_MS)
  const before = [cpuMicroseconds(target.serverPid), cpuMicroseconds(postgresPid)] as const
  const { p50, p99, seconds, failures, firstFailure } = await load.run({ kind: 'closed', name: target.key, port: target.port, connections, count })
  const after = [cpuMicroseconds(target.serverPid), cpuMicroseconds(postgresPid)] as const
  if (failures > 0) throw new Error(`${target.key}: ${failures} of ${count} were refused, the first with ${firstFailure}`)
  return { perSecond: count / seconds, p50, p99, server: (after[0] - before[0]) / count, postgres: (after[1] - before[1]) / count }
}

/** Makes the requests of a target known to the load process. */
export async function introduce({ load }: Measurer, targets: readonly Target[]): Promise<void> {
  for (const target of targets) if (typeof target.requests !== 'function') await load.define(target.key, target.requests)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}

function medianOf(samples: readonly Sample[]): Sample {
  const of = (read: (sample: Sample) => number): number => median(samples.map(read))
  return { perSecond: of((s) => s.perSecond), p50: of((s) => s.p50), p99: of((s) => s.p99), server: of((s) => s.server), postgres: of((s) => s.postgres) }
}

/** The medians of some rounds over all targets. Every round begins elsewhere, so that no target always follows the same one. */
export async function measureRounds(measurer: Measurer, targets: readonly Target[], sizes: Sizes, rounds: number, onRound: (round: number) => void): Promise<ReadonlyMap<string, Sample>> {
  const samples = new Map<string, Sample[]>(targets.map(({ key }) => [key, []]))
  for (let round = 0; round < rounds; round++) {
    onRound(round)
    const from = Math.floor((targets.length * round) / rounds)
    for (const target of [...targets.slice(from), ...targets.slice(0, from)]) samples.get(target.key)?.push(await measure(measurer, target, sizes))
  }
  return new Map([...samples].map(([key, list]) => [key, medianOf(list)]))
}
