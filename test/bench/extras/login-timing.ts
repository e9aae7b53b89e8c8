import { startPortner } from '../portner/server.ts'
import { startPostgres } from '../postgres.ts'
import { table } from '../table.ts'
import { insertReaders, openLogin, tryLogin } from './people.ts'
import { percentile } from './percentile.ts'

// Whether the time of a wrong password tells which user names exist: fifty tries of each kind in turn, each name once, as a stranger would.

const TRIES = 50
const MOST_MS = 15

async function timesOf(port: number, name: (i: number) => string, into: number[], i: number): Promise<void> {
  const form = await openLogin(port)
  const { took, status } = await tryLogin(port, form, name(i), 'not the password')
  if (status !== 303) throw new Error(`an answer of ${status}`)
  into.push(took)
}

/** Runs it on a database and a server of its own, and returns the table. */
export async function runLoginTiming(progress: (text: string) => void): Promise<string> {
  const postgres = await startPostgres()
  const portner = await startPortner({ databaseUrl: postgres.url })
  try {
    await insertReaders(postgres, TRIES + 5)
    const known: number[] = []
    const unknown: number[] = []
    progress('known and unknown names')
    for (let i = 0; i < TRIES + 5; i++) {
      await timesOf(portner.port, (at) => `reader${at}`, known, i)
      await timesOf(portner.port, (at) => `nobody${at}`, unknown, i)
    }
    // The first ones warm up.
    const median = (times: readonly number[]): number => percentile(times.slice(5).toSorted((a, b) => a - b), 0.5)
    const apart = Math.abs(median(known) - median(unknown))
    return table(['a wrong password', 'tries', 'known name, median ms', 'unknown name, median ms', 'apart ms', 'goal: ≤ 15'], [['of one try', TRIES, median(known), median(unknown), apart, apart <= MOST_MS]])
  } finally {
    await portner.stop()
    await postgres.stop()
  }
}
