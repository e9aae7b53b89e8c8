import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, startLoad } from '../measure.ts'
import { preload } from '../portner/rows.ts'
import { startPortner } from '../portner/server.ts'
import { startPostgres } from '../postgres.ts'
import { quietest, share, withStolenShare } from '../quiet.ts'
import { productPaths } from '../routes.ts'
import { table } from '../table.ts'
import { type Form, insertReaders, openLogin, PASSWORD, tryLogin } from './people.ts'
import { percentile } from './percentile.ts'

// Nine o'clock: five hundred people send their password within the same moment, and try again when they are told to wait, until all are in.
// Meanwhile the machines' endpoint is asked as before.

const PEOPLE = 500
const ROUNDS = 5
/** Pieces of each round's quiet time and of its rush, and their seconds. Half of all count: those in which the host of a virtual machine took least. */
const PIECES = 5
const SECONDS = 2
const PROBES_PER_SECOND = 200
const MOST_TIMES = 1.5
const ROWS = 10_000
const PEOPLES_PRIORITY = 10
const TURNED_AWAY = new Set([429, 503])

interface Rush {
  readonly seconds: number
  readonly tries: number
  /** Answers of 429 or 503: the line was full, or that for a database connection. */
  readonly turnedAway: number
  readonly waited: readonly number[]
}

interface Piece {
  readonly value: readonly number[]
  readonly stolen: number
}

function p99(pieces: readonly Piece[]): number {
  return percentile(pieces.flatMap(({ value }) => value).toSorted((a, b) => a - b), 0.99)
}

// Comes back when the answer says, and a moment later: a password is typed anew.
async function untilIn(port: number, form: Form, username: string): Promise<{ readonly tries: number; readonly turnedAway: number }> {
  for (let tries = 1, turnedAway = 0; ; tries++) {
    const { status, location, retryAfter } = await tryLogin(port, form, username, PASSWORD)
    if (status !== 303 && status !== 302 && status !== 200 && !TURNED_AWAY.has(status)) throw new Error(`an answer of ${status}`)
    if (!TURNED_AWAY.has(status) && !location.includes('/login')) return { tries, turnedAway }
    turnedAway += TURNED_AWAY.has(status) ? 1 : 0
    await sleep((retryAfter + Math.random()) * 1000)
  }
}

async function rush(port: number, forms: readonly Form[]): Promise<Rush> {
  const since = performance.now()
  const waited: number[] = []
  const people = await Promise.all(forms.map(async (form, i) => {
    const one = await untilIn(port, form, `reader${i}`)
    waited.push(performance.now() - since)
    return one
  }))
  return { seconds: (performance.now() - since) / 1000, tries: people.reduce((sum, { tries }) => sum + tries, 0), turnedAway: people.reduce((sum, one) => sum + one.turnedAway, 0), waited: waited.toSorted((a, b) => a - b) }
}

/** Runs it on a database and a server of its own, and returns the tables. */
export async function runLogins(progress: (text: string) => void): Promise<string> {
  const postgres = await startPostgres()
  const portner = await startPortner({ databaseUrl: postgres.url })
  const load = await startLoad()
  try {
    await preload(postgres.client, ROWS)
    await insertReaders(postgres, PEOPLE)
    const path = (await productPaths(postgres.client, ROWS, 0)).find(({ name }) => name === 'client_credentials')
    if (path === undefined || typeof path.requests === 'function') throw new Error('no path to probe')
    await load.define('token', path.requests)
    const probe = async (seconds: number): Promise<readonly number[]> => (await load.run({ kind: 'open', name: 'token', port: portner.port, connections: 32, perSecond: PROBES_PER_SECOND, seconds })).times
    await probe(4)
    // People bring their own machines: the process that plays them must not be what the server waits for.
    setPriority(PEOPLES_PRIORITY)
    const pieces = async (): Promise<readonly Piece[]> => {
      const list: Piece[] = []
      while (list.length < PIECES) list.push(await withStolenShare(() => probe(SECONDS)))
      return list
    }
    const quiet: Piece[] = []
    const during: Piece[] = []
    const rushes: Rush[] = []
    for (let round = 0; round < ROUNDS; round++) {
      progress(`round ${round + 1} of ${ROUNDS}`)
      const forms: Form[] = []
      while (forms.length < PEOPLE) forms.push(...(await Promise.all(Array.from({ length: 10 }, () => openLogin(portner.port)))))
      quiet.push(...(await pieces()))
      const people = rush(portner.port, forms)
      during.push(...(await pieces()))
      rushes.push(await people)
    }
    const counted = [quiet, during].map((list) => quietest(list, list.length / 2))
    const [before, meanwhile] = counted.map(p99)
    const taken = counted.map((list) => share(list.at(-1)?.stolen ?? 0))
    const rise = (meanwhile ?? Number.NaN) / (before ?? Number.NaN)
    const waited = rushes.flatMap((one) => one.waited).toSorted((a, b) => a - b)
    return [
      table([`${PEOPLE} sign-ins at once`, 'p99 quiet ms', 'p99 during ms', 'taken by the host', 'times', `goal: ≤ ${MOST_TIMES}`], [['client_credentials', before, meanwhile, taken.join(', '), rise, rise <= MOST_TIMES]]),
      `over half of ${ROUNDS * PIECES} pieces of ${SECONDS} s each; over all of them ${p99(quiet).toFixed(1)} and ${p99(during).toFixed(1)} ms`,
      `all ${PEOPLE} in after ${median(rushes.map(({ seconds }) => seconds)).toFixed(1)} s, ${(rushes.reduce((sum, one) => sum + one.tries, 0) / ROUNDS / PEOPLE).toFixed(1)} tries each, ${(rushes.reduce((sum, one) => sum + one.turnedAway, 0) / ROUNDS).toFixed(0)} of all turned away at once; half were in after ${(percentile(waited, 0.5) / 1000).toFixed(1)} s`,
      '',
    ].join('\n')
  } finally {
    await load.child.stop()
    await portner.stop()
    await postgres.stop()
  }
}
