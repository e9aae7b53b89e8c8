import { availableParallelism } from 'node:os'
import { cpuMicroseconds, keepTo } from '../cpu.ts'
import { openConnection } from '../load/http-connection.ts'
import { SECRET, SERVICE } from '../portner/documents.ts'
import { freePort, startPortner } from '../portner/server.ts'
import { startPostgres } from '../postgres.ts'
import { startChild } from '../process.ts'
import { areQuiet, quietest, share, withStolenShare } from '../quiet.ts'
import { table } from '../table.ts'
import { percentile } from './percentile.ts'

// What the gatekeeper adds to a call: the same upstream asked directly, through a proxy that decides nothing, and through the gatekeeper, which
// asks the database at every call what the token stands for. Interleaved in short rounds; of each way those count in which the host of a virtual
// machine took least of the processor. They are chosen by that, never by how quick they were.

/** Until there are enough in which the host took nothing, between these many rounds. */
const LEAST_ROUNDS = 40
const MOST_ROUNDS = 150
const COUNTED = 10
/** Before anything is measured: all three are compiled, as a server is that runs for more than a minute. */
const WARM_UP = 12_000
const LOADS = [
  { connections: 1, requests: 250 },
  { connections: 32, requests: 1000 },
] as const

interface Way {
  readonly name: string
  readonly port: number
  readonly pid: number
  readonly request: string
}

interface Round {
  /** Milliseconds of each request. */
  readonly times: readonly number[]
  readonly seconds: number
  /** Microseconds of processor time. */
  readonly cpu: number
  /** How many calls took the gatekeeper itself at most so long (seconds), by its own count. */
  readonly added: Buckets
}

async function run({ name, port, pid, request }: Way, connections: number, count: number): Promise<Omit<Round, 'added'>> {
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
  return { times, seconds, cpu: used }
}

type Buckets = ReadonlyMap<number, number>

async function addedBy(metricsPort: number): Promise<Buckets> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return new Map([...text.matchAll(/^portner_gatekeeper_added_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)].map(([, le, count]) => [Number(le?.replace('+Inf', 'Infinity')), Number(count)]))
}

/** Milliseconds, as Prometheus reads them from buckets: linear within one. */
function quantile(rounds: readonly Round[], share: number): number {
  const counts = [...(rounds[0]?.added.keys() ?? [])].map((le) => [le, rounds.reduce((sum, { added }) => sum + (added.get(le) ?? 0), 0)] as const)
  const sought = share * (counts.at(-1)?.[1] ?? 0)
  let [low, under] = [0, 0]
  for (const [le, count] of counts) {
    if (count >= sought) return 1000 * (low + ((le - low) * (sought - under)) / (count - under))
    ;[low, under] = [le, count]
  }
  return Number.NaN
}

async function measureAll(ways: readonly Way[], { connections, requests }: (typeof LOADS)[number], metricsPort: number): Promise<string> {
  const all = ways.map((): (Round & { readonly stolen: number })[] => [])
  for (let round = 0; round < LEAST_ROUNDS || (round < MOST_ROUNDS && !all.every((rounds) => areQuiet(rounds, COUNTED))); round++) {
    for (const [i, way] of ways.entries()) {
      const before = await addedBy(metricsPort)
      const { value, stolen } = await withStolenShare(() => run(way, connections, requests))
      const added = new Map([...(await addedBy(metricsPort))].map(([le, count]) => [le, count - (before.get(le) ?? 0)]))
      all[i]?.push({ ...value, added, stolen })
    }
  }
  const counted = all.map((rounds) => quietest(rounds, COUNTED))
  const figures = counted.map((rounds) => {
    const times = rounds.flatMap((one) => one.times).toSorted((a, b) => a - b)
    const sum = (pick: (round: Round) => number): number => rounds.reduce((total, round) => total + pick(round), 0)
    return { p50: percentile(times, 0.5), p95: percentile(times, 0.95), rate: times.length / sum(({ seconds }) => seconds), cpu: sum(({ cpu }) => cpu) / times.length }
  })
  const lines = figures.map(({ p50, p95, rate, cpu }, i) => [ways[i]?.name, p50.toFixed(2), p95.toFixed(2), (p95 - (figures[0]?.p95 ?? 0)).toFixed(2), rate.toFixed(0), cpu.toFixed(0), share(counted[i]?.at(-1)?.stolen ?? 0)])
  const own = counted.at(-1) ?? []
  return `${connections} connection${connections === 1 ? '' : 's'}\n${table(['way', 'p50 ms', 'p95 ms', 'p95 added ms', 'req/s', 'CPU µs/req', 'taken by the host'], lines)}
of that, by the gatekeeper’s own count: p50 ${quantile(own, 0.5).toFixed(2)} ms, p95 ${quantile(own, 0.95).toFixed(2)} ms\n`
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

/** Who calls and who answers keep to one core, as they have machines of their own: what a call costs them is not what a proxy adds. */
function setApart(others: readonly number[]): string {
  return availableParallelism() > 1 && keepTo('0', others) ? 'Caller and API keep to one core.\n\n' : ''
}

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
    let text = setApart([process.pid, upstream.child.pid])
    for (const load of LOADS) {
      progress(`gatekeeper: ${load.connections} connection${load.connections === 1 ? '' : 's'}`)
      text += `${await measureAll(ways, load, metricsPort)}\n`
    }
    return text
  } finally {
    await portner.stop()
    await bare.child.stop()
    await upstream.child.stop()
    await postgres.stop()
  }
}
