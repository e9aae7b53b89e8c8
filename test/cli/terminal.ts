import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import { runCommandLine } from '../../src/cli/run.ts'
import { createTestDatabase } from '../support/database.ts'

export interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
}

export interface Terminal {
  readonly env: Readonly<Record<string, string>>
  readonly directory: string
  /** Runs a command in this process. */
  run(args: readonly string[], options?: { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> }): Promise<Ran>
  /** The JSON that a command prints. */
  json(args: readonly string[], stdin?: string): Promise<unknown>
  close(): Promise<void>
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A command line with a database of its own. */
export async function openTerminal(): Promise<Terminal> {
  const [database, directory, port] = await Promise.all([createTestDatabase(), mkdtemp(join(tmpdir(), 'portner-cli-')), freePort()])
  const env = { DATABASE_URL: database.url, PORTNER_DATA_DIR: directory, PORT: String(port), HOST: 'localhost' }
  const run: Terminal['run'] = async (args, options = {}) => {
    let out = ''
    let err = ''
    const io = { env: { ...env, ...options.env }, stdin: Readable.from([options.stdin ?? '']), out: (text: string) => void (out += text), err: (text: string) => void (err += text), isTerminal: false }
    const status = await runCommandLine(args, io)
    return { status, out, err }
  }
  return {
    env,
    directory,
    run,
    json: async (args, stdin = '') => JSON.parse((await run([...args, '--json'], { stdin })).out) as unknown,
    close: async () => {
      await database.drop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export interface Spawned {
  readonly child: ChildProcess
  out(): string
  err(): string
  /** Resolves with the exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

const ROOT = join(import.meta.dirname, '..', '..')

let built: string | undefined

/** The command as `npm run build` makes it, once a worker: translating it at every start takes longer than it runs. Types are not looked at. */
function buildCommand(): string {
  const folder = join(inject('scratch'), `built-${process.env['VITEST_POOL_ID'] ?? '0'}`)
  execFileSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'src', '--noCheck', '--outDir', folder], { cwd: ROOT })
  for (const name of ['node_modules', 'package.json', 'views']) symlinkSync(join(ROOT, name), join(folder, name))
  return join(folder, 'src', 'main.js')
}

/** The real command as a process of its own. */
export function spawnCommand(args: readonly string[], env: Readonly<Record<string, string>>): Spawned {
  built ??= buildCommand()
  const child = spawn(process.execPath, [built, ...args], { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (err += text))
  const ended = new Promise<number | string>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? -1)))
  return { child, out: () => out, err: () => err, ended }
}

/** Waits until an address answers 200. */
export async function untilAnswers(url: string, milliseconds = 40_000): Promise<void> {
  const until = Date.now() + milliseconds
  while (Date.now() < until) {
    const good = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (good) return
    await sleep(100)
  }
  throw new Error(`${url} does not answer`)
}
