import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedPostgresError } from './fault.ts'
import type { Log } from './log-lines.ts'
import type { Place } from './place.ts'
import { identify, type Postmaster, readPostmaster, setAside } from './postmaster.ts'

// Owns the question whether a server already runs on the cluster: left by a process that was killed, or started by another one just now.

const READY_MOST_MS = 120_000

function unproven(found: Postmaster, place: Place): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `${place.cluster}/postmaster.pid names process ${found.pid}, which is alive, and this account may not see whether it is the database. ` +
      'If it is not, delete that file; if it is, stop it or start Portner as the user that started it.',
  )
}

/**
 * The proven, ready server of this cluster, or undefined when none runs. A file that names a stranger is set aside, and the stranger left
 * alone. Throws EmbeddedPostgresError when it cannot be told.
 */
export async function findServer(place: Place, log: Log): Promise<Postmaster | undefined> {
  const until = Date.now() + READY_MOST_MS
  while (Date.now() < until) {
    const found = await readPostmaster(place)
    if (found === undefined) return undefined
    const identity = await identify(found.pid, place)
    // PostgreSQL itself clears what a dead server left.
    if (identity === 'dead') return undefined
    if (identity === 'stranger') {
      log('warn', `postmaster.pid names process ${found.pid}, which is not this database; the file was left by a crash and is set aside`)
      await setAside(found, place)
      return undefined
    }
    if (identity === 'unproven' && process.platform !== 'win32') throw unproven(found, place)
    if (found.ready) return found
    await sleep(25)
  }
  throw new EmbeddedPostgresError(`The PostgreSQL that runs on ${place.cluster} was not ready after ${READY_MOST_MS / 1000} s.`)
}
