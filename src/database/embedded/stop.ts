import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import type { Log } from './log-lines.ts'
import type { Place } from './place.ts'
import { identify, readPostmaster } from './postmaster.ts'
import { stopOnWindows } from './windows.ts'

// Owns the end of a server: fast shutdown (sessions are ended, data is written), and a hard stop for one that hangs, which loses nothing
// either, because the next start replays the log.

const FAST_MS = 8000
const HARD_MS = 1500

async function gone(place: Place, pid: number, within: number): Promise<boolean> {
  const until = Date.now() + within
  while (Date.now() < until) {
    // The file goes as the very last act; the process may linger as a zombie where nobody collects it.
    if ((await readPostmaster(place))?.pid !== pid || (await identify(pid, place)) !== 'server') return true
    await sleep(10)
  }
  return false
}

// Proven again right before the signal: the number may have changed hands.
async function signal(place: Place, pid: number, name: 'SIGINT' | 'SIGQUIT'): Promise<void> {
  if ((await identify(pid, place)) !== 'server') return
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself.
  }
}

/** Stops the server with this process id; ten seconds at most. */
export async function stopServer(binaries: Binaries, place: Place, pid: number, log: Log): Promise<void> {
  if (process.platform === 'win32') return stopOnWindows(binaries, place)
  await signal(place, pid, 'SIGINT')
  if (await gone(place, pid, FAST_MS)) return
  log('warn', `PostgreSQL did not stop within ${FAST_MS / 1000} s and is stopped hard; the next start recovers`)
  await signal(place, pid, 'SIGQUIT')
  if (!(await gone(place, pid, HARD_MS))) log('error', `PostgreSQL (process ${pid}) is still there`)
}
