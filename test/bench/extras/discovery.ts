import { readConfig } from '../../../src/config.ts'
import type { Context } from '../../../src/context.ts'
import { openContext } from '../../../src/open-context.ts'
import { searchProviders } from '../../../src/upstream/search.ts'
import { institutions, saveInstitutions } from '../../support/institutions.ts'
import { cpuMicroseconds } from '../cpu.ts'
import { startPortner } from '../portner/server.ts'
import { type BenchPostgres, startPostgres } from '../postgres.ts'
import { quietest, share, withStolenShare } from '../quiet.ts'
import { table } from '../table.ts'
import { percentile } from './percentile.ts'
import { measureTyping, type TypingReport, weighFirstVisit } from './typing.ts'
import { beginJourney } from './visitor.ts'

// Discovery among thousands: the search itself, the page and its answers over HTTP, and a person typing in a real browser.

interface SearchReport {
  readonly institutions: number
  readonly searches: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Processor time of PostgreSQL and this process for a search, milliseconds. */
  readonly cpu: number
  /** Share of the processor that the host of a virtual machine took, at most, while these were made. */
  readonly stolen: number
  readonly slowest: string
  readonly goal: number
}

const SEARCHES = 1500
const ROUND = 100
/** Each time as another client's, whose answers nobody has asked for yet. */
const PASSES = 4

/** What people type, key by key: beginnings of names in all languages, of domains, and one in ten with a typo. */
function typedQueries(count: number): readonly string[] {
  const all = institutions(10_000)
  return Array.from({ length: count }, (_query, i) => {
    const provider = all[(i * 7919) % all.length]
    const names = provider === undefined || typeof provider.name === 'string' ? [] : Object.values(provider.name)
    const name = i % 7 === 0 ? (provider?.realms?.[0] ?? '') : (names[i % names.length] ?? '')
    const letters = Array.from(name).slice(0, 1 + (i % 15))
    if (i % 10 === 9 && letters.length > 5) letters.splice(2, 1)
    return letters.join('')
  })
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function measureRound(ctx: Context, postgresPid: number, clientKey: string, queries: readonly string[]): Promise<SearchRound> {
  const cpu = cpuMicroseconds(postgresPid) + ownCpu()
  const { value: times, stolen } = await withStolenShare(async () => {
    const list: { readonly query: string; readonly took: number }[] = []
    for (const query of queries) {
      const since = performance.now()
      await searchProviders(ctx, { clientKey, rules: ['all'], query, country: 'no', onlyCountry: false, offset: 0, limit: 10 })
      list.push({ query, took: performance.now() - since })
    }
    return list
  })
  return { times, stolen, cpu: (cpuMicroseconds(postgresPid) + ownCpu() - cpu) / 1000 }
}

interface SearchRound {
  readonly times: readonly { readonly query: string; readonly took: number }[]
  readonly stolen: number
  readonly cpu: number
}

async function measureSearch(ctx: Context, postgresPid: number, size: number, goal: number): Promise<SearchReport> {
  const rounds: SearchRound[] = []
  await measureRound(ctx, postgresPid, '0', typedQueries(200))
  for (let pass = 1; pass <= PASSES; pass++) {
    const queries = typedQueries(SEARCHES)
    for (let from = 0; from < SEARCHES; from += ROUND) rounds.push(await measureRound(ctx, postgresPid, String(pass), queries.slice(from, from + ROUND)))
  }
  const counted = quietest(rounds, SEARCHES / ROUND)
  const sorted = counted.flatMap(({ times }) => times).toSorted((a, b) => a.took - b.took)
  const took = sorted.map((one) => one.took)
  const cpu = counted.reduce((sum, round) => sum + round.cpu, 0) / took.length
  return { institutions: size, searches: took.length, p50: percentile(took, 0.5), p99: percentile(took, 0.99), cpu, stolen: counted.at(-1)?.stolen ?? 0, slowest: sorted.slice(-5).map(({ query, took: ms }) => `${query} ${ms.toFixed(0)}`).join(', '), goal }
}

interface HttpReport {
  /** Milliseconds. */
  readonly firstByte: number
  readonly answer: number
}

async function measureHttp(port: number): Promise<HttpReport> {
  const { cookie, path } = await beginJourney(port)
  const time = async (address: string, accept: string): Promise<number> => {
    const since = performance.now()
    const response = await fetch(`http://localhost:${port}${address}`, { headers: { accept, cookie, 'accept-language': 'nb-NO' } })
    const took = performance.now() - since
    await response.arrayBuffer()
    return took
  }
  const times = async (address: (i: number) => string, accept: string): Promise<readonly number[]> => {
    const list: number[] = []
    for (let i = 0; i < 100; i++) list.push(await time(address(i), accept))
    return list.toSorted((a, b) => a - b)
  }
  const queries = typedQueries(100)
  const pages = await times(() => path, 'text/html')
  const answers = await times((i) => `${path}?q=${encodeURIComponent(queries[i] ?? '')}`, 'application/json')
  return { firstByte: percentile(pages, 0.99), answer: percentile(answers, 0.99) }
}

async function grow(ctx: Context, postgres: BenchPostgres, size: number): Promise<void> {
  await saveInstitutions(ctx, institutions(size))
  await postgres.client.query('vacuum analyze')
}

function typingRows(reports: readonly TypingReport[]): string {
  return table(['typing in Chromium', 'institutions', 'keys', 'p50 ms', 'p95 ms', 'taken by the host', 'goal'], reports.map(({ what, institutions: size, keys, p50, p95, stolen, goal }) => [what, size, keys, p50, p95, share(stolen), goal]))
}

/** Runs it all on a database and a server of its own, and returns the tables. */
export async function runDiscoveryBench(progress: (text: string) => void): Promise<string> {
  const postgres = await startPostgres()
  const portner = await startPortner({ databaseUrl: postgres.url })
  const config = readConfig({ DATABASE_URL: postgres.url, LOG_LEVEL: 'error', PORTNER_SECRET_KEY: 'the benchmark keeps nothing that is secret' }, { demo: false })
  const opened = await openContext(config, { connection: { connectionString: postgres.url } })
  const { ctx } = opened
  try {
    progress('5,000 institutions')
    await grow(ctx, postgres, 5000)
    const typing = [await measureTyping(portner.port, { what: 'every list from the server', institutions: 5000, nearby: false, slow: false, country: 'no', goal: 'p50 ≤ 50, p95 ≤ 100' })]
    progress('6,500 institutions')
    await grow(ctx, postgres, 6500)
    const searches = [await measureSearch(ctx, postgres.pid, 6500, 15)]
    progress('10,000 institutions')
    await grow(ctx, postgres, 10_000)
    searches.push(await measureSearch(ctx, postgres.pid, 10_000, 40))
    const http = await measureHttp(portner.port)
    typing.push(await measureTyping(portner.port, { what: 'every list from the server', institutions: 10_000, nearby: false, slow: false, country: 'no', goal: '' }))
    typing.push(await measureTyping(portner.port, { what: 'own country, 60 ms RTT, CPU ÷ 4', institutions: 10_000, nearby: true, slow: true, country: 'no', goal: 'p95 ≤ 100' }))
    typing.push(await measureTyping(portner.port, { what: 'other countries, 60 ms RTT, CPU ÷ 4', institutions: 10_000, nearby: true, slow: true, country: 'fi', goal: 'p95 ≤ 160' }))
    const weight = await weighFirstVisit(portner.port)
    const { rows } = await postgres.client.query<{ mb: number }>(`select (pg_total_relation_size('provider_index') + pg_total_relation_size('provider_words') + pg_total_relation_size('word_ends')) / 1e6::float as mb`)
    return [
      table(['search', 'searches', 'p50 ms', 'p99 ms', 'CPU ms', 'taken by the host', 'goal', '', 'slowest, ms'], searches.map((one) => [`${one.institutions} institutions`, one.searches, one.p50, one.p99, one.cpu, share(one.stolen), `≤ ${one.goal}`, one.p99 <= one.goal, one.slowest])),
      typingRows(typing),
      `page: first byte p99 ${http.firstByte.toFixed(0)} ms (goal 100), an answer of the search p99 ${http.answer.toFixed(0)} ms (goal 150); first visit ${weight.bytes} bytes in ${weight.requests} requests (goal 15000), ${weight.rows} rows; own country's list ${weight.nearby} bytes (goal 10000)`,
      `index at 10,000: ${(rows[0]?.mb ?? 0).toFixed(1)} MB in PostgreSQL (goal 60), nothing in the server's memory`,
      '',
    ].join('\n')
  } finally {
    await opened.close()
    await portner.stop()
    await postgres.stop()
  }
}
