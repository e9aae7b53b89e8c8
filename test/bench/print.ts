import type { BenchResult } from './benchmark.ts'
import type { ExpiredReport } from './extras/expired.ts'
import type { FloodReport } from './extras/flood.ts'
import type { LowLoad } from './extras/low-load.ts'
import type { Idle } from './extras/start.ts'
import type { PathResult, PeerResult } from './result.ts'
import { type Cell, table } from './table.ts'

// Owns the tables that a run prints.

function head({ date, machine, sizes }: BenchResult): string {
  return `${date.slice(0, 16)} · ${machine.cores} × ${machine.cpu} · Node ${machine.node} · PostgreSQL ${machine.postgres}
${sizes.connections} connections · ${sizes.rows} live tokens · medians of ${sizes.rounds} rounds of ${sizes.requests} requests · CPU in µs a request
`
}

function change(now: number, before: number | undefined): Cell {
  if (before === undefined || Number.isNaN(before)) return undefined
  return `${now >= before ? '+' : '−'}${Math.abs((now / before - 1) * 100).toFixed(0)} %`
}

function limitTable({ limits, signature }: BenchResult): string {
  const rows = limits.map(({ name, sample, total }) => [name, sample.perSecond, sample.p50, sample.p99, sample.server, sample.postgres, total])
  return `${table(['limit route', 'req/s', 'p50 ms', 'p99 ms', 'server', 'Postgres', 'total'], rows)}
W: form POST + INSERTs coalesced · R: GET + SELECTs coalesced · one ES256 signature: ${signature.toFixed(0)} µs
`
}

function pathTable(name: string, paths: readonly PathResult[], before: BenchResult | undefined): string {
  const heads = [name, 'req/s', 'p50 ms', 'p99 ms', 'server', 'Postgres', 'total', 'ratio', 'goal', '']
  const rows = paths.map(({ name: path, sample, total, ratio, of, goal, met }): Cell[] => [
    path,
    sample.perSecond,
    sample.p50,
    sample.p99,
    sample.server,
    sample.postgres,
    total,
    ratio === undefined ? undefined : `${ratio.toFixed(2)} × ${of}`,
    goal,
    met,
    ...(before === undefined ? [] : [change(total, before.paths.find((earlier) => earlier.name === path)?.total)]),
  ])
  return table(before === undefined ? heads : [...heads, `since ${before.date.slice(0, 16)}`], rows)
}

function peerTable(peer: readonly PeerResult[]): string {
  const rows = peer.map(({ name, sample, total, times, goal, met }): Cell[] => [name, sample.perSecond, sample.p50, sample.p99, sample.server, sample.postgres, total, times && `${times.toFixed(1)} ×`, goal && `≥ ${goal} ×`, met])
  return table(['node-oidc-provider', 'req/s', 'p50 ms', 'p99 ms', 'server', 'Postgres', 'total', 'of ours', 'goal', ''], rows)
}

function lowLoadTable(paths: readonly LowLoad[]): string {
  return table(['one connection', 'p50 ms', 'its limit route', 'goal: within 0.5 ms'], paths.map(({ name, p50, limit, met }) => [name, p50, limit, met]))
}

function idleTable({ readyAfter, megabytes, cpu, connections }: Idle): string {
  return table(['start and idle', 'measured', 'goal', ''], [
    ['ready after the database, ms', readyAfter, '≤ 1000', readyAfter <= 1000],
    ['resident memory, MB', megabytes, '≤ 120', megabytes <= 120],
    ['of one core, %', cpu * 100, '< 1', cpu < 0.01],
    ['database connections', connections, '≤ 10', connections <= 10],
  ])
}

function floodTable(flood: FloodReport): string {
  const { perSecond, paths, served, refused, other, seconds, servedP50, refusedP50, refusedP99 } = flood
  return `${table([`flood: ${perSecond} sign-ins/s offered`, 'p99 quiet ms', 'p99 flooded ms', 'times', 'goal', ''], paths.map(({ name, quiet, flooded, times, met }) => [name, quiet, flooded, times, '≤ 1.5', met]))}
sign-ins: ${(served / seconds).toFixed(0)}/s hashed (p50 ${servedP50.toFixed(0)} ms) · ${((refused / (served + refused + other)) * 100).toFixed(0)} % refused with 429 (p50 ${refusedP50.toFixed(0)} ms, p99 ${refusedP99.toFixed(0)} ms; goal 50 ms: ${refusedP99 <= 50 ? 'met' : 'NOT MET'}) · ${other} neither
`
}

function expiredTable(expired: ExpiredReport): string {
  const { rows, deleted, seconds, slowestStatement, quiet, during, times, met } = expired
  return table([`${rows} expired rows`, 'p99 quiet ms', 'p99 during ms', 'times', 'slowest statement ms', 'seconds', 'goal: ≤ 2 ×, ≤ 500 ms'], [[`${deleted} deleted`, quiet, during, times, slowestStatement, seconds, met]])
}

/** A result as text. */
export function print(result: BenchResult, before: BenchResult | undefined): string {
  const { second, peer, lowLoad, idle, flood, expired } = result
  return [
    '',
    head(result),
    limitTable(result),
    pathTable('path', result.paths, before),
    ...(second === undefined ? [] : [pathTable(second.name, second.paths, undefined)]),
    ...(peer === undefined ? [] : [peerTable(peer)]),
    ...(lowLoad === undefined ? [] : [lowLoadTable(lowLoad)]),
    ...(idle === undefined ? [] : [idleTable(idle)]),
    ...(flood === undefined ? [] : [floodTable(flood)]),
    ...(expired === undefined ? [] : [expiredTable(expired)]),
  ].join('\n')
}
