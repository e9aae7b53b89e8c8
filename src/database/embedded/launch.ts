import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { asAccount } from './account.ts'
import { OWN_ENVIRONMENT } from './environment.ts'
import { EmbeddedPostgresError, messageOf } from './fault.ts'
import { eachLine, LOG_SETTINGS, parseLine } from './log-lines.ts'
import type { Launched, LaunchInput } from './launched.ts'
import { type Place, socketDirectory } from './place.ts'
import { readPostmaster } from './postmaster.ts'
import { launchOnWindows } from './windows.ts'

// Owns the start of a server process: its command line, its log, and the moment when it is ready.

/** Another server holds the cluster or has not quite let go of it: look again. */
export class ClusterInUse extends Error {}

// One node evaluates or tests on this server: small memory, no background machinery that would not pay. Durability stays as PostgreSQL has it.
const DEFAULTS: Readonly<Record<string, string>> = { shared_buffers: '64MB', max_connections: '100', io_method: 'sync' }
const STARTING_MOST_MS = 120_000
const IN_USE = /lock file ".*" (already exists|is empty)|is still in use|could not create lock file/

function words(input: LaunchInput, socketDir: string): string[] {
  const access = { listen_addresses: '', port: '5432', unix_socket_permissions: '0700', cluster_name: input.cluster.mark }
  const all = { ...DEFAULTS, ...LOG_SETTINGS, ...input.settings, ...access }
  return ['-D', input.place.cluster, '-k', socketDir, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

async function untilReady(child: ChildProcess, place: Place, ended: () => string | undefined): Promise<void> {
  const until = Date.now() + STARTING_MOST_MS
  while (Date.now() < until) {
    const why = ended()
    if (why !== undefined) throw IN_USE.test(why) ? new ClusterInUse(why) : new EmbeddedPostgresError(`The embedded PostgreSQL ended while starting: ${why}`)
    const now = await readPostmaster(place)
    if (now?.pid === child.pid && now?.ready === true) return
    await sleep(15)
  }
  child.kill('SIGQUIT')
  throw new EmbeddedPostgresError(`The embedded PostgreSQL was not ready after ${STARTING_MOST_MS / 1000} s.`)
}

async function launchHere(input: LaunchInput): Promise<Launched> {
  const socketDir = input.socketDir ?? (await socketDirectory(input.place))
  // Its own session: Ctrl-C is for Portner, which drains first and then stops its database.
  const child = spawn(input.binaries.postgres, words(input, socketDir), {
    cwd: input.place.root,
    env: OWN_ENVIRONMENT,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...asAccount(input.place.account),
  })
  // Held back until it is up: a starter that merely came second has nothing to report.
  const held: string[] = []
  let forward = (line: string): void => void held.push(line)
  let why: string | undefined
  child.on('error', (error) => (why = messageOf(error)))
  child.on('close', (code, signal) => (why ??= `${held.slice(-4).join(' / ')} (${signal ?? `exit status ${code}`})`))
  eachLine(child.stderr, (line) => forward(line))
  await untilReady(child, input.place, () => why)
  forward = (line) => {
    const { level, text } = parseLine(line)
    input.log(level, text)
  }
  for (const line of held) forward(line)
  const release = (): void => {
    child.unref()
    child.stderr.destroy()
  }
  return { pid: child.pid ?? 0, release }
}

/** Starts a server on the cluster and waits until it takes connections. Throws ClusterInUse when another one has it. */
export async function launch(input: LaunchInput): Promise<Launched> {
  return process.platform === 'win32' ? launchOnWindows(input) : launchHere(input)
}
