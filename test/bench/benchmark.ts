import { cpus } from 'node:os'
import { introduce, measureRounds, type Measurer, type Sample, startLoad, type Target } from './measure.ts'
import type { Options } from './options.ts'
import { type Portner, startPortner } from './portner/server.ts'
import { preload } from './portner/rows.ts'
import { type BenchPostgres, startPostgres } from './postgres.ts'
import { startChild } from './process.ts'
import { judge, type LimitResult, type PathResult, signatureCost, totalOf } from './result.ts'
import { limitRoutes, type Path, productPaths, type Route } from './routes.ts'

// Owns the order of a run: database, servers, rows, warm-up, rounds, then what the options ask for beside that.

export interface BenchResult {
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly postgres: string }
  readonly sizes: { readonly connections: number; readonly rounds: number; readonly requests: number; readonly rows: number }
  readonly limits: readonly LimitResult[]
  readonly signature: number
  readonly paths: readonly PathResult[]
}

const WARM_UP = { share: 0.7, times: 2 }

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

async function startLimits(postgres: BenchPostgres, stops: Running['stops']): Promise<{ readonly port: number; readonly pid: number }> {
  const { child, hello } = await startChild<{ port: number }>('./limits/limits-server.ts', { BENCH_CONNECTION: JSON.stringify(postgres.connection) })
  stops.push(() => child.stop())
  return { port: hello.port, pid: child.pid }
}

function wanted(options: Options, paths: readonly Path[]): readonly Path[] {
  return options.only.length === 0 ? paths : paths.filter(({ name }) => options.only.some((prefix) => name.startsWith(prefix)))
}

function sampleOf(samples: ReadonlyMap<string, Sample>, key: string): Sample {
  const sample = samples.get(key)
  if (sample === undefined) throw new Error(`${key} was not measured`)
  return sample
}

async function measurePaths({ options, postgres, measurer, portner, progress, stops }: Running): Promise<BenchResult> {
  const { client } = postgres
  const bare = await startLimits(postgres, stops)
  const limits = targetsOf('limit', await limitRoutes(client, options.rows), bare.port, bare.pid)
  const paths = targetsOf('portner', wanted(options, await productPaths(client, options.rows, 0)), portner.port, portner.pid)
  const targets = [...limits, ...paths]
  await introduce(measurer, targets)
  const sizes = { connections: options.connections, count: options.requests }
  await measureRounds(measurer, targets, { ...sizes, count: Math.ceil(options.requests * WARM_UP.share) }, WARM_UP.times, (round) => progress(`warm-up ${round + 1}`))
  const samples = await measureRounds(measurer, targets, sizes, options.rounds, (round) => progress(`round ${round + 1} of ${options.rounds}`))
  const limitResults = limits.map(({ name, key }) => ({ name, sample: sampleOf(samples, key), total: totalOf(sampleOf(samples, key)) }))
  return {
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version, postgres: postgres.version },
    sizes: { connections: options.connections, rounds: options.rounds, requests: options.requests, rows: options.rows },
    limits: limitResults,
    signature: signatureCost(limitResults),
    paths: paths.map((path) => judge(path, sampleOf(samples, path.key), limitResults)),
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
    const measurer = { load, postgresPid: postgres.pid }
    return await measurePaths({ options, postgres, measurer, portner, progress, stops })
  } finally {
    for (const stop of stops.toReversed()) await stop().catch((error: unknown) => progress(String(error)))
  }
}
