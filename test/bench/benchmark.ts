import { cpus } from 'node:os'
import type { ExpiredReport } from './extras/expired.ts'
import { measureExpired } from './extras/expired.ts'
import { type FloodReport, measureFlood } from './extras/flood.ts'
import { type LowLoad, measureLowLoad } from './extras/low-load.ts'
import { type Idle, measureIdle } from './extras/start.ts'
import { introduce, measureRounds, type Measurer, type Sample, startLoad, type Target } from './measure.ts'
import type { Options } from './options.ts'
import { startPeer } from './peer/peer.ts'
import { preload } from './portner/rows.ts'
import { type Portner, startPortner } from './portner/server.ts'
import { type BenchPostgres, startPostgres } from './postgres.ts'
import { startChild } from './process.ts'
import { judge, judgePeer, type LimitResult, type PathResult, type PeerResult, signatureCost, totalOf } from './result.ts'
import { issueAndRedeem, limitRoutes, type Path, productPaths, type Route } from './routes.ts'

// Owns the order of a run: database, servers, rows, warm-up, rounds, then what the options ask for beside that.

export interface BenchResult {
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly postgres: string }
  readonly sizes: { readonly connections: number; readonly rounds: number; readonly requests: number; readonly rows: number }
  readonly limits: readonly LimitResult[]
  readonly signature: number
  readonly paths: readonly PathResult[]
  /** A second server of the same run, judged by the same limits: more processes, or another build. */
  readonly second: { readonly name: string; readonly paths: readonly PathResult[] } | undefined
  readonly peer: readonly PeerResult[] | undefined
  readonly lowLoad: readonly LowLoad[] | undefined
  readonly idle: Idle | undefined
  readonly flood: FloodReport | undefined
  readonly expired: ExpiredReport | undefined
}

// The compiler of the engine needs some thousand requests of each path before it is done with it.
const WARM_UP = { requests: 6000, times: 2 }

interface Running {
  readonly options: Options
  readonly postgres: BenchPostgres
  readonly measurer: Measurer
  readonly portner: Portner
  readonly progress: (text: string) => void
  /** What to stop at the end, in reverse. */
  readonly stops: (() => Promise<void>)[]
}

function targetsOf<R extends Route>(server: string, routes: readonly R[], port: number, serverPid: number): readonly (R & Target)[] {
  return routes.map((route) => ({ ...route, key: `${server}: ${route.name}`, port, serverPid }))
}

function wanted<R extends Route>(options: Options, routes: readonly R[]): readonly R[] {
  return options.only.length === 0 ? routes : routes.filter(({ name }) => options.only.some((prefix) => name.startsWith(prefix)))
}

async function limitTargets({ postgres, options, stops }: Running): Promise<readonly (Route & Target & Pick<LimitResult, 'name'>)[]> {
  const { child, port } = await startChild('./limits/limits-server.ts', { BENCH_CONNECTION: JSON.stringify(postgres.connection) })
  stops.push(() => child.stop())
  return targetsOf('limit', await limitRoutes(postgres.client, options.rows), port, child.pid)
}

/** The second server that the options ask for. */
async function secondTargets({ options, postgres, stops }: Running): Promise<{ readonly name: string; readonly paths: readonly (Path & Target)[] } | undefined> {
  if (options.workers === 1 && options.other === undefined) return undefined
  const server = await startPortner({ databaseUrl: postgres.url, workers: options.workers, main: options.other })
  stops.push(() => server.stop())
  const name = options.other === undefined ? `${options.workers} processes` : 'other build'
  return { name, paths: targetsOf(name, wanted(options, await productPaths(postgres.client, options.rows, 1)), server.port, server.pid) }
}

async function peerTargets({ options, postgres, stops, progress }: Running): Promise<readonly Target[]> {
  if (!options.peer) return []
  progress('starting node-oidc-provider')
  const peer = await startPeer(postgres)
  stops.push(() => peer.child.stop())
  return targetsOf('node-oidc-provider', wanted(options, peer.routes), peer.port, peer.child.pid)
}

async function measureAll(running: Running): Promise<BenchResult> {
  const { options, postgres, measurer, portner, progress } = running
  const limits = await limitTargets(running)
  const paths = targetsOf('portner', wanted(options, await productPaths(postgres.client, options.rows, 0)), portner.port, portner.pid)
  const second = await secondTargets(running)
  const peer = await peerTargets(running)
  const targets = [...limits, ...paths, ...(second?.paths ?? []), ...peer]
  await introduce(measurer, targets)
  const sizes = { connections: options.connections, count: options.requests }
  await measureRounds(measurer, targets, { ...sizes, count: WARM_UP.requests }, WARM_UP.times, (round) => progress(`warm-up ${round + 1} of ${WARM_UP.times}`))
  const samples = await measureRounds(measurer, targets, sizes, options.rounds, (round) => progress(`round ${round + 1} of ${options.rounds}`))
  const sampleOf = ({ key }: Target): Sample => {
    const sample = samples.get(key)
    if (sample === undefined) throw new Error(`${key} was not measured`)
    return sample
  }
  const limitResults = limits.map((target) => ({ name: target.name, sample: sampleOf(target), total: totalOf(sampleOf(target)) }))
  const results = paths.map((path) => judge(path, sampleOf(path), limitResults))
  const extra = async <T>(asked: boolean, text: string, work: () => Promise<T>): Promise<T | undefined> => {
    if (!asked) return undefined
    progress(text)
    return work()
  }
  const steady = paths.filter(({ name }) => name === 'client_credentials' || name === 'userinfo')
  return {
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version, postgres: postgres.version },
    sizes: { connections: options.connections, rounds: options.rounds, requests: options.requests, rows: options.rows },
    limits: limitResults,
    signature: signatureCost(limitResults),
    paths: results,
    second: second && { name: second.name, paths: second.paths.map((path) => judge(path, sampleOf(path), limitResults)) },
    peer: options.peer ? peer.map((target) => judgePeer(target.name, sampleOf(target), paths, results)) : undefined,
    lowLoad: await extra(options.start, 'one connection', () => measureLowLoad(measurer, limits, paths)),
    idle: await extra(options.start, 'start and idle', () => measureIdle(postgres)),
    flood: await extra(options.flood, 'a flood of sign-ins', () => measureFlood(measurer, steady, portner.port)),
    expired: await extra(options.expired, 'a million expired rows', () => measureExpired(measurer, postgres, { key: 'issue and redeem', port: portner.port, serverPid: portner.pid, ...issueAndRedeem(postgres.client) })),
  }
}

/** Runs everything that the options ask for. Nothing is left running, whatever happens. */
export async function runBenchmark(options: Options, progress: (text: string) => void): Promise<BenchResult> {
  const stops: (() => Promise<void>)[] = []
  try {
    progress('starting PostgreSQL and the server')
    const postgres = await startPostgres()
    stops.push(() => postgres.stop())
    const portner = await startPortner({ databaseUrl: postgres.url, profile: options.profile })
    stops.push(() => portner.stop())
    progress(`writing ${options.rows} live tokens`)
    await preload(postgres.client, options.rows)
    const load = await startLoad()
    stops.push(() => load.child.stop())
    return await measureAll({ options, postgres, measurer: { load, postgresPid: postgres.pid }, portner, progress, stops })
  } finally {
    for (const stop of stops.toReversed()) await stop().catch((error: unknown) => progress(String(error)))
  }
}
