import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { documents } from './documents.ts'

// Owns the server under test: the build, run as it is run anywhere, with its logs, metrics and audit on.

export interface Portner {
  readonly port: number
  readonly pid: number
  /** Milliseconds from the start of the process to the first good /readyz. */
  readonly readyAfter: number
  stop(): Promise<void>
}

const MAIN = fileURLToPath(new URL('../../../dist/src/main.js', import.meta.url))
const READY_MOST_MS = 30_000

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function untilReady(port: number, child: ChildProcess): Promise<void> {
  const until = Date.now() + READY_MOST_MS
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server ended with status ${child.exitCode}`)
    const good = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
    if (good) return
    await sleep(5)
  }
  throw new Error('the server did not become ready')
}

export interface PortnerOptions {
  readonly databaseUrl: string
  readonly workers?: number
  /** main.js of a build; this one unless named. */
  readonly main?: string | undefined
  /** Variables beside those of every run. */
  readonly env?: Readonly<Record<string, string>>
  /** More YAML documents. */
  readonly more?: string
  /** Directory for a CPU profile. */
  readonly profile?: string | undefined
}

/** Starts the built server on a migrated database, with the clients of the benchmark. */
export async function startPortner(options: PortnerOptions): Promise<Portner> {
  const home = await mkdtemp(join(tmpdir(), 'portner-bench-server-'))
  const port = await freePort()
  const config = join(home, 'bench.yaml')
  await writeFile(config, documents() + (options.more ?? ''))
  const log = openSync(join(home, 'log'), 'w')
  const env = {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    PORT: String(port),
    HOST: '127.0.0.1',
    DATABASE_URL: options.databaseUrl,
    PORTNER_ISSUER: `http://localhost:${port}`,
    // One key for all servers of a run: they share the signing keys of one database.
    PORTNER_SECRET_KEY: 'the benchmark keeps nothing that is secret',
    PORTNER_CONFIG: config,
    PORTNER_DATA_DIR: home,
    PORTNER_WORKERS: String(options.workers ?? 1),
    // The flood of sign-ins comes from many addresses.
    PORTNER_TRUST_PROXY: '127.0.0.1',
    ...options.env,
  }
  const profile = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]
  const started = performance.now()
  const child = spawn(process.execPath, [...profile, options.main ?? MAIN, 'serve'], { env, stdio: ['ignore', log, 'inherit'] })
  await untilReady(port, child)
  return {
    port,
    pid: child.pid ?? 0,
    readyAfter: performance.now() - started,
    stop: async () => {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
      await rm(home, { recursive: true, force: true })
    },
  }
}
