import { cpuMicroseconds } from '../cpu.ts'
import { openConnection } from '../load/http-connection.ts'
import { median } from '../measure.ts'
import { SECRET, SERVICE } from '../portner/documents.ts'
import { freePort, startPortner } from '../portner/server.ts'
import { startPostgres } from '../postgres.ts'
import { startChild } from '../process.ts'
import { table } from '../table.ts'
import { percentile } from './percentile.ts'

// What the gatekeeper adds to a call: the same upstream asked directly, through a proxy that decides nothing, and through the gatekeeper, which
// asks the database at every call what the token stands for. Interleaved in rounds, so that the machine's moods are everybody's.

const ROUNDS = 5
const REQUESTS = 3000
/** Before anything is measured: all three are compiled, as a server is that runs for more than a minute. */
const WARM_UP = 12_000
const LOADS = [1, 32] as const

interface Way {
  readonly name: string
  readonly port: number
  readonly pid: number
  readonly request: string
}

interface Round {
  readonly p50: number
  readonly p95: number
  /** Requests a second. */
  readonly rate: number
  /** Microseconds of processor time for a request. */
  readonly cpu: number
}

async function run({ name, port, pid, request }: Way, connections: number, count: number): Promise<Round> {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)))
  const times: number[] = []
  let left = count
  const [cpu, started] = [cpuMicroseconds(pid), performance.now()]
  await Promise.all(
    open.map(async (connection) => {
      while (left-- > 0) {
        const at = performance.now()
        const { status } = await connection.send(request)
        if (status !== 200) throw new Error(`${name}: an answer of ${status}`)
        times.push(performance.now() - at)
      }
    }),
  )
  const [used, seconds] = [cpuMicroseconds(pid) - cpu, (performance.now() - started) / 1000]
  for (const connection of open) connection.close()
  const sorted = times.toSorted((a, b) => a - b)
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), rate: count / seconds, cpu: used / count }
}

type Buckets = ReadonlyMap<number, number>

/** How many calls took the gatekeeper itself at most so long, by its own count. Seconds. */
async function addedBy(metricsPort: number): Promise<Buckets> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return new Map([...text.matchAll(/^portner_gatekeeper_added_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)].map(([, le, count]) => [Number(le?.replace('+Inf', 'Infinity')), Number(count)]))
}

/** Milliseconds, as Prometheus reads them from buckets: linear within one. */
function quantile(before: Buckets, after: Buckets, share: number): number {
  const counts = [...after].map(([le, count]) => [le, count - (before.get(le) ?? 0)] as const)
  const sought = share * (counts.at(-1)?.[1] ?? 0)
  let [low, under] = [0, 0]
  for (const [le, count] of counts) {
    if (count >= sought) return 1000 * (low + ((le - low) * (sought - under)) / (count - under))
    ;[low, under] = [le, count]
  }
  return Number.NaN
}

function middle(rounds: readonly Round[]): Round {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick))
  return { p50: of(({ p50 }) => p50), p95: of(({ p95 }) => p95), rate: of(({ rate }) => rate), cpu: of(({ cpu }) => cpu) }
}

async function measureAll(ways: readonly Way[], connections: number, metricsPort: number): Promise<string> {
  const before = await addedBy(metricsPort)
  const rounds = ways.map((): Round[] => [])
  for (let round = 0; round < ROUNDS; round++) for (const [i, way] of ways.entries()) rounds[i]?.push(await run(way, connections, connections === 1 ? REQUESTS / 3 : REQUESTS))
  const after = await addedBy(metricsPort)
  const middles = rounds.map(middle)
  const direct = middles[0]?.p95 ?? Number.NaN
  const lines = ways.map(({ name }, i) => {
    const { p50, p95, rate, cpu } = middles[i] ?? { p50: Number.NaN, p95: Number.NaN, rate: Number.NaN, cpu: Number.NaN }
    return [name, p50.toFixed(2), p95.toFixed(2), (p95 - direct).toFixed(2), rate.toFixed(0), cpu.toFixed(0)]
  })
  return `${connections} connection${connections === 1 ? '' : 's'}\n${table(['way', 'p50 ms', 'p95 ms', 'p95 added ms', 'req/s', 'CPU µs/req'], lines)}
of that, by the gatekeeper’s own count: p50 ${quantile(before, after, 0.5).toFixed(2)} ms, p95 ${quantile(before, after, 0.95).toFixed(2)} ms\n`
}

async function tokenOf(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'gk_gated' }), headers: { authorization: `Basic ${Buffer.from(`${SERVICE}-gated:${SECRET}`).toString('base64')}` } })
  const body = (await answer.json()) as { readonly access_token?: string }
  if (body.access_token === undefined) throw new Error(`no token: ${answer.status}`)
  return body.access_token
}

const documents = (upstream: number): string => `
---
kind: api
api_id: gated
name: { en: Gated }
organization: bench
upstream: http://127.0.0.1:${upstream}
upstream_auth: { type: bearer }
gatekeeper_secret: { value: ${SECRET} }
---
kind: client
client_id: ${SERVICE}-gated
client_secret: { value: ${SECRET} }
client_name: { en: Bench }
application_type: service
scope: gk_gated
organization: bench
`

/** Runs it and gives the tables. */
export async function runGatekeeperBench(progress: (text: string) => void): Promise<string> {
  const postgres = await startPostgres()
  const upstream = await startChild('./extras/gatekeeper-upstream.ts')
  const bare = await startChild('./extras/gatekeeper-bare.ts', { UPSTREAM: `http://127.0.0.1:${upstream.port}` })
  const metricsPort = await freePort()
  const portner = await startPortner({ databaseUrl: postgres.url, more: documents(upstream.port), env: { PORTNER_METRICS_PORT: String(metricsPort) } })
  try {
    const token = await tokenOf(portner.port)
    const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n\r\n`
    const ways = [
      { name: 'the upstream itself', port: upstream.port, pid: upstream.child.pid, request: request('/events') },
      { name: 'bare @fastify/reply-from', port: bare.port, pid: bare.child.pid, request: request('/events') },
      { name: 'the gatekeeper', port: portner.port, pid: portner.pid, request: request('/gk/gated/events') },
    ]
    for (const way of ways) await run(way, 32, WARM_UP)
    let text = ''
    for (const connections of LOADS) {
      progress(`gatekeeper: ${connections} connection${connections === 1 ? '' : 's'}`)
      text += `${await measureAll(ways, connections, metricsPort)}\n`
    }
    return text
  } finally {
    await portner.stop()
    await bare.child.stop()
    await upstream.child.stop()
    await postgres.stop()
  }
}
