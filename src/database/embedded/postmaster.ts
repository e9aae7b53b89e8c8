import { execFile } from 'node:child_process'
import { link, readFile, readlink, rename, rm } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { codeOf } from './fault.ts'
import type { Place } from './place.ts'

// Owns what postmaster.pid says and whether it is true. A number in a file is no proof: after a crash or in a restarted container it may
// name a stranger, and a stranger is never signalled.

export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** Directory of the socket; empty on Windows. */
  readonly socketDir: string
  readonly ready: boolean
  readonly text: string
}

/** `server`: this cluster's postmaster by executable and arguments. `unproven`: alive, but the system does not show us what it is. */
export type Identity = 'server' | 'stranger' | 'dead' | 'unproven'

const run = promisify(execFile)

function pidFile(place: Place): string {
  return join(place.cluster, 'postmaster.pid')
}

/** What postmaster.pid says; undefined when it is missing or half written. */
export async function readPostmaster(place: Place): Promise<Postmaster | undefined> {
  const text = await readFile(pidFile(place), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 1) return undefined
  return { pid, port: Number(lines[3]), socketDir: lines[4] ?? '', ready: (lines[7] ?? '').trim() === 'ready', text }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

// An earlier version of the binaries counts too: its server may have outlived an upgrade.
function isOurProgram(executable: string, place: Place): boolean {
  const path = executable.replace(/ \(deleted\)$/, '')
  const ours = join(place.root, 'bin-')
  return path.startsWith(ours) && path.slice(ours.length).split(sep).slice(1).join('/') === 'bin/postgres'
}

async function identifyOnLinux(pid: number, place: Place): Promise<Identity> {
  try {
    const executable = await readlink(`/proc/${pid}/exe`)
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    const at = words.indexOf('-D')
    return isOurProgram(executable, place) && at > 0 && words[at + 1] === place.cluster ? 'server' : 'stranger'
  } catch {
    return isAlive(pid) ? 'unproven' : 'dead'
  }
}

async function identifyByPs(pid: number, place: Place): Promise<Identity> {
  const answer = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => undefined)
  const command = answer?.stdout.trim() ?? ''
  if (command === '') return isAlive(pid) ? 'unproven' : 'dead'
  const at = command.indexOf(' -D ')
  return at > 0 && isOurProgram(command.slice(0, at), place) && command.slice(at + 4).startsWith(`${place.cluster} `) ? 'server' : 'stranger'
}

/** Looks at the process itself: its executable must be one of our copies and its data directory this cluster. */
export async function identify(pid: number, place: Place): Promise<Identity> {
  if (!isAlive(pid)) return 'dead'
  if (process.platform === 'linux') return identifyOnLinux(pid, place)
  // Windows shows neither; there the password and the mark prove it.
  return process.platform === 'win32' ? 'unproven' : identifyByPs(pid, place)
}

/**
 * Sets a postmaster.pid aside that names a stranger: PostgreSQL would take the stranger for a server and refuse for ever. Taken by renaming,
 * and put back if another starter's file was caught; two servers on one cluster stay impossible, because PostgreSQL also keys a shared
 * memory segment to the directory.
 */
export async function setAside(found: Postmaster, place: Place): Promise<void> {
  const aside = join(dirname(pidFile(place)), `postmaster.pid.${randomBytes(6).toString('hex')}`)
  await rename(pidFile(place), aside).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error
  })
  const caught = await readFile(aside, 'utf8').catch(() => '')
  if (caught !== '' && caught !== found.text) await link(aside, pidFile(place)).catch(() => {})
  await rm(aside, { force: true })
}
