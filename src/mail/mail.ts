import type { Kysely } from 'kysely'
import type { Log } from '../audit/log.ts'
import type { Metrics } from '../audit/metrics.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/schema.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { Clock } from '../lib/clock.ts'
import { isMailAddress } from '../lib/mail-address.ts'
import { singleFlight } from '../lib/single-flight.ts'
import { type Letter, type MailKind, type Words, writeLetter, type Written } from './letter.ts'
import { putDown, putOff, takeDue, takeOut, type Waiting } from './outbox.ts'
import { MailFailure, transportOf } from './transport.ts'

// Owns mails from the moment somebody wants one to the moment a mail server has it. Wanting one is one row in the database and nothing
// else: a slow mail server holds up no page, one that is down loses nothing, and nobody can tell by the time whether a mail was sent. It
// does not own who may be written to how often (signin/mail-limits.ts) nor what a link in a mail is worth (its own store).

export interface Mail {
  /** Whether mails can be sent at all. Where not, nothing that rests on one is offered. */
  readonly isOffered: boolean
  /** Puts a letter down; it leaves a moment later. */
  send(letter: Letter): Promise<void>
  /** Sends what is due. Returns how many mails it dealt with. */
  deliver(stopping?: () => boolean): Promise<number>
  /** Waits for what is being sent. */
  close(): Promise<void>
}

export interface MailOptions {
  readonly config: Config
  readonly db: Kysely<Database>
  readonly sealing: Sealing
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Sentences in a language. */
  readonly words: (language: string) => Words
}

interface Packed {
  readonly kind: MailKind
  readonly to: string | undefined
  readonly written: Written
}

const AT_ONCE = 10
/** After the answer to the request that wanted it. Milliseconds. */
const SOON_MS = 100
/** Seconds until the next try; the last one holds for every further one. */
const PAUSES = [5, 15, 60, 300, 900]

export function createMail(options: MailOptions): Mail {
  const { config, db, sealing, clock, log, metrics, words } = options
  const transport = transportOf(config, log)
  let timer: NodeJS.Timeout | undefined

  function open({ id, sealed }: Waiting): Packed | undefined {
    const plain = sealing.unseal('mail', sealed, id)
    return plain && (JSON.parse(plain.toString('utf8')) as Packed)
  }

  async function giveUp(id: string, kind: string, detail: string): Promise<void> {
    log.warn({ event: 'mail.given-up', kind, detail }, 'a mail was given up')
    metrics.mails.inc({ kind, result: 'given-up' })
    await takeOut(db, id)
  }

  async function sendOne(waiting: Waiting): Promise<void> {
    const { id, tries, isOver } = waiting
    const packed = open(waiting)
    if (packed === undefined) return giveUp(id, 'unknown', 'cannot be opened')
    const { kind, to, written } = packed
    if (to === undefined || transport === undefined) return takeOut(db, id)
    if (isOver) return giveUp(id, kind, 'too old')
    try {
      await transport.send(to, written)
      metrics.mails.inc({ kind, result: 'sent' })
      await takeOut(db, id)
    } catch (error) {
      if (!(error instanceof MailFailure)) throw error
      if (error.isGone) return giveUp(id, kind, error.detail)
      metrics.mails.inc({ kind, result: 'put-off' })
      log.warn({ event: 'mail.put-off', kind, tries, detail: error.detail }, 'a mail waits for the mail server')
      await putOff(db, id, PAUSES[Math.min(tries, PAUSES.length) - 1] ?? 900)
    }
  }

  let stopping: () => boolean = () => false
  const deliver = singleFlight(async () => {
    let count = 0
    while (!stopping()) {
      const due = await takeDue(db, AT_ONCE)
      if (due.length === 0) break
      await Promise.all(due.map(sendOne))
      count += due.length
    }
    return count
  })

  function deliverSoon(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      // The job tries again: here nobody waits for the outcome.
      deliver().catch((error: unknown) => log.warn({ err: error }, 'mails wait'))
    }, SOON_MS)
    timer.unref()
  }

  return {
    isOffered: transport !== undefined,
    send: async (letter) => {
      const to = letter.to !== undefined && isMailAddress(letter.to) ? letter.to : undefined
      const packed: Packed = { kind: letter.kind, to, written: writeLetter(letter, words(letter.language), { name: config.serviceName, issuer: config.issuer }) }
      await putDown(db, clock.now(), (id) => sealing.seal('mail', Buffer.from(JSON.stringify(packed)), id), letter.expiresInSeconds)
      deliverSoon()
    },
    deliver: (asked) => {
      if (asked !== undefined) stopping = asked
      return deliver()
    },
    close: async () => {
      clearTimeout(timer)
      stopping = () => true
      await deliver().catch(() => 0)
      transport?.close()
    },
  }
}
