import { startPortner } from '../portner/server.ts'
import { startPostgres } from '../postgres.ts'
import { table } from '../table.ts'
import { type Form, insertReaders, openForgotten, openLogin, tryLogin } from './people.ts'
import { percentile } from './percentile.ts'

// Whether the time of a wrong or a forgotten password tells which user names exist: fifty tries of each kind in turn, each name once, as a stranger would.

const TRIES = 50
const WARM_UP = 5
const MOST_MS = 15

type Kind = readonly [what: string, open: (port: number) => Promise<Form>]

const KINDS: readonly Kind[] = [
  ['a wrong password', openLogin],
  ['a forgotten password', openForgotten],
]

async function timesOf(port: number, open: Kind[1], name: string, into: number[]): Promise<void> {
  const form = await open(port)
  const { took, status } = await tryLogin(port, form, name, 'not the password')
  if (status !== 303) throw new Error(`an answer of ${status}`)
  into.push(took)
}

// The first ones warm up.
function medianOf(times: readonly number[]): number {
  return percentile(times.slice(WARM_UP).toSorted((a, b) => a - b), 0.5)
}

/** Runs it on a database and a server of its own, and returns the table. */
export async function runLoginTiming(progress: (text: string) => void): Promise<string> {
  const postgres = await startPostgres()
  // A mail server that nobody can reach: what is asked for waits in the outbox, and the page does not wait for it.
  const portner = await startPortner({ databaseUrl: postgres.url, env: { PORTNER_MAIL_URL: 'smtp://127.0.0.1:9', PORTNER_MAIL_FROM: 'bench@example.org' } })
  try {
    await insertReaders(postgres, TRIES + WARM_UP)
    const rows: (string | number | boolean)[][] = []
    for (const [what, open] of KINDS) {
      progress(`${what}: known and unknown names`)
      const known: number[] = []
      const unknown: number[] = []
      for (let i = 0; i < TRIES + WARM_UP; i++) {
        await timesOf(portner.port, open, `reader${i}`, known)
        await timesOf(portner.port, open, `nobody${i}`, unknown)
      }
      const apart = Math.abs(medianOf(known) - medianOf(unknown))
      rows.push([what, TRIES, medianOf(known), medianOf(unknown), apart, apart <= MOST_MS])
    }
    return table(['one try', 'tries', 'known name, median ms', 'unknown name, median ms', 'apart ms', 'goal: ≤ 15'], rows)
  } finally {
    await portner.stop()
    await postgres.stop()
  }
}
