import type { BenchResult } from './benchmark.ts'
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

function pathTable({ paths }: BenchResult, before: BenchResult | undefined): string {
  const heads = ['path', 'req/s', 'p50 ms', 'p99 ms', 'server', 'Postgres', 'total', 'ratio', 'goal', '']
  const rows = paths.map(({ name, sample, total, ratio, of, goal, met }): Cell[] => [
    name,
    sample.perSecond,
    sample.p50,
    sample.p99,
    sample.server,
    sample.postgres,
    total,
    ratio === undefined ? undefined : `${ratio.toFixed(2)} × ${of}`,
    goal,
    met,
    ...(before === undefined ? [] : [change(total, before.paths.find((path) => path.name === name)?.total)]),
  ])
  return table(before === undefined ? heads : [...heads, `since ${before.date.slice(0, 16)}`], rows)
}

/** A result as text. */
export function print(result: BenchResult, before: BenchResult | undefined): string {
  return ['', head(result), limitTable(result), pathTable(result, before)].join('\n')
}
