import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Asked } from '../load/messages.ts'
import { median, startLoad } from '../measure.ts'
import { preload } from '../portner/rows.ts'
import { startPortner } from '../portner/server.ts'
import { startPostgres } from '../postgres.ts'
import { watchHost } from '../quiet.ts'
import { productPaths } from '../routes.ts'
import { table } from '../table.ts'
import { type Form, insertReaders, openLogin, PASSWORD, tryLogin } from './people.ts'
import { percentile } from './percentile.ts'

// Nine o'clock: five hundred people send their password within the same moment, and try again when they are told to wait, until all are in.
// Meanwhile the machines' endpoint is asked as before.

const PEOPLE = 500
/** The first round only warms up: at nine o'clock a server has been at work for long. */
const LEAST_ROUNDS = 3
const MOST_ROUNDS = 8
/** Pieces of the quiet time before each rush, and their seconds: a connection that nobody uses is soon closed. */
const QUIET_PIECES = 4
const SECONDS = 5
const PROBES_PER_SECOND = 200
/** Requests that count, quiet and during the rush: those around which the host of a virtual machine took nothing. */
const ENOUGH = 4000
const MOST_TIMES = 1.5
const ROWS = 10_000
const PEOPLES_PRIORITY = 10
const WARM_UP = { connections: 8, count: 10_000 }
const TURNED_AWAY = new Set([429, 503])

interface Rush {
  readonly seconds: number
  readonly tries: number
  /** Answers of 429 or 503: the line was full, or that for a database connection. */
  readonly turnedAway: number
  readonly waited: readonly number[]
}

function p99(asked: readonly Asked[]): number {
  return percentile(asked.map(({ took }) => took).toSorted((a, b) => a - b), 0.99)
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
  const host = watchHost()
  try {
    await preload(postgres.client, ROWS)
    await insertReaders(postgres, PEOPLE)
    const path = (await productPaths(postgres.client, ROWS, 0)).find(({ name }) => name === 'client_credentials')
    if (path === undefined || typeof path.requests === 'function') throw new Error('no path to probe')
    await load.define('token', path.requests)
    const probe = async (): Promise<readonly Asked[]> => {
      const { asked, failures, firstFailure } = await load.run({ kind: 'open', name: 'token', port: portner.port, connections: 32, perSecond: PROBES_PER_SECOND, seconds: SECONDS })
      if (failures > 0) throw new Error(`${failures} tokens were refused, the first with ${firstFailure}`)
      return asked
    }
    await load.run({ kind: 'closed', name: 'token', port: portner.port, ...WARM_UP })
    // People bring their own machines: the process that plays them must not be what the server waits for.
    setPriority(PEOPLES_PRIORITY)
    const quiet: Asked[] = []
    const during: Asked[] = []
    const rushes: Rush[] = []
    const counted = (list: readonly Asked[]): readonly Asked[] => list.filter(({ due }) => host.wasQuiet(due))
    for (let round = 0; round <= LEAST_ROUNDS || (round <= MOST_ROUNDS && [quiet, during].some((list) => counted(list).length < ENOUGH)); round++) {
      progress(round === 0 ? 'warm-up' : `round ${round}`)
      const forms: Form[] = []
      while (forms.length < PEOPLE) forms.push(...(await Promise.all(Array.from({ length: 10 }, () => openLogin(portner.port)))))
      const before: Asked[] = []
      for (let piece = 0; piece < QUIET_PIECES; piece++) before.push(...(await probe()))
      const over = new AbortController()
      const people = rush(portner.port, forms).finally(() => over.abort())
      const meanwhile: Asked[] = []
      while (!over.signal.aborted) meanwhile.push(...(await probe()))
      if (round === 0) continue
      quiet.push(...before)
      during.push(...meanwhile)
      rushes.push(await people)
    }
    const [before, meanwhile] = [counted(quiet), counted(during)]
    const rise = p99(meanwhile) / p99(before)
    const waited = rushes.flatMap((one) => one.waited).toSorted((a, b) => a - b)
    return [
      table([`${PEOPLE} sign-ins at once`, 'p99 quiet ms', 'p99 during ms', 'times', `goal: ≤ ${MOST_TIMES}`], [['client_credentials', p99(before), p99(meanwhile), rise, rise <= MOST_TIMES]]),
      `of ${before.length} and ${meanwhile.length} requests around which the host took nothing; of all ${quiet.length} and ${during.length} it is ${p99(quiet).toFixed(1)} and ${p99(during).toFixed(1)} ms`,
      `all ${PEOPLE} in after ${median(rushes.map(({ seconds }) => seconds)).toFixed(1)} s, ${(rushes.reduce((sum, one) => sum + one.tries, 0) / rushes.length / PEOPLE).toFixed(1)} tries each, ${(rushes.reduce((sum, one) => sum + one.turnedAway, 0) / rushes.length).toFixed(0)} of all turned away at once; half were in after ${(percentile(waited, 0.5) / 1000).toFixed(1)} s`,
      '',
    ].join('\n')
  } finally {
    host.stop()
    await load.child.stop()
    await portner.stop()
    await postgres.stop()
  }
}
