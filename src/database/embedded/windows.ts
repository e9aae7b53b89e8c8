import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Binaries } from './binaries.ts'
import { OWN_ENVIRONMENT } from './environment.ts'
import { EmbeddedPostgresError } from './fault.ts'
import type { Launched, LaunchInput } from './launched.ts'
import { readPostmaster } from './postmaster.ts'
import type { Place } from './place.ts'
import { LOG_SETTINGS } from './log-lines.ts'

// Owns what is different on Windows: pg_ctl starts and stops the server, because postgres.exe refuses administrators and knows no signals;
// no socket, so a free port of 127.0.0.1 with a random password; the log goes to a file of the place.

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new EmbeddedPostgresError('No free port on 127.0.0.1 was found.')
  return address.port
}

/** Starts the server through pg_ctl and waits until it takes connections. */
export async function launchOnWindows(input: LaunchInput): Promise<Launched> {
  const { binaries, place, cluster, settings } = input
  const access = { listen_addresses: '127.0.0.1', port: String(await freePort()), cluster_name: cluster.mark }
  const options = Object.entries({ ...LOG_SETTINGS, log_line_prefix: '%m ', ...settings, ...access }).map(([name, value]) => `-c ${name}=${value === '' ? "''" : value}`)
  const log = join(place.root, 'postgres.log')
  const child = spawn(binaries.pgCtl, ['start', '-w', '-t', '120', '-D', place.cluster, '-l', log, '-o', options.join(' ')], { env: OWN_ENVIRONMENT, stdio: 'ignore', windowsHide: true })
  const [status]: unknown[] = await once(child, 'close')
  const now = await readPostmaster(place)
  if (status !== 0 || now === undefined) throw new EmbeddedPostgresError(`The embedded PostgreSQL did not start; ${log} says why.`)
  input.log('info', `PostgreSQL's log is ${log}`)
  return { pid: now.pid, release: () => {} }
}

/** Stops the server of the cluster: fast shutdown, ten seconds at most. */
export async function stopOnWindows(binaries: Binaries, place: Place): Promise<void> {
  await promisify(execFile)(binaries.pgCtl, ['stop', '-m', 'fast', '-t', '10', '-D', place.cluster], { env: OWN_ENVIRONMENT })
}
