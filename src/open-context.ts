import { readFileSync } from 'node:fs'
import { createLog, type Log } from './audit/log.ts'
import { createMetrics, type Metrics } from './audit/metrics.ts'
import { type Audit, createAudit } from './audit/record.ts'
import { createStatistics, type Statistics } from './audit/statistics.ts'
import { readChainKey } from './audit/chain-store.ts'
import { numberBeforeOldest } from './audit/store.ts'
import { findClient } from './clients/store.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import { watchCacheVersions } from './database/cache-versions.ts'
import { type Connection, openDatabase } from './database/connect.ts'
import { installTestClock, moveTestClock, readTestClock } from './database/test-clock.ts'
import { createDiagnosis } from './diagnosis/record.ts'
import { knownLocale } from './http/locale.ts'
import { translator } from './http/messages.ts'
import { createKeyring } from './keys/keyring.ts'
import { readPairwiseSalt } from './keys/pairwise-salt.ts'
import { createPairwiseSubjects } from './keys/pairwise-subjects.ts'
import { createSealing } from './keys/sealing.ts'
import { loadSecretKeys } from './keys/secret-key.ts'
import { createMissingKeys, listKeys } from './keys/store.ts'
import { movableClock, systemClock } from './lib/clock.ts'
import { createGuardedFetch } from './lib/guarded-fetch.ts'
import { type PasswordHasher, startPasswordHasher } from './lib/password.ts'
import { createMail } from './mail/mail.ts'

// Builds the one Context of a process, from the configuration and a migrated database, and takes it down again in order.

export interface OpenedContext {
  readonly ctx: Context
  /** Moves the clock of the database and of this process; only with PORTNER_TEST_CLOCK. Returns the offset in seconds. */
  readonly moveClock: ((seconds: number) => Promise<number>) | undefined
  readonly close: () => Promise<void>
}

export interface OpenOptions {
  readonly connection: Connection
  readonly log?: Log
  /** Process metrics (memory, event loop) are collected by servers, not by tools and tests. */
  readonly processMetrics?: boolean
  /** Instead of a password process of its own; whoever gives it closes it. Starting one costs tests more than most stories do. */
  readonly passwords?: PasswordHasher
}

/** The version of this build. */
export function portnerVersion(): string {
  for (const up of ['../package.json', '../../package.json']) {
    try {
      const document: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'))
      if (typeof document === 'object' && document !== null && 'version' in document) return String(document.version)
    } catch {
      continue
    }
  }
  return 'unknown'
}

function noteCircuit(log: Log, metrics: Metrics, host: string, isOpen: boolean): void {
  if (isOpen) metrics.circuitsOpen.inc({ protocol: 'http' })
  else metrics.circuitsOpen.dec({ protocol: 'http' })
  log.warn({ event: 'upstream.circuit', host, open: isOpen }, isOpen ? 'a host does not answer: nobody waits for it for a while' : 'a host answers again')
}

/** What the audit hears is counted, too. */
function counting(audit: Audit, statistics: Statistics): Audit {
  return {
    ...audit,
    record: (event, reference) => {
      statistics.event(event)
      audit.record(event, reference)
    },
  }
}

/** Opens everything a process needs. The database must be migrated. Throws SealedKeyError when the secret key does not fit its keys. */
export async function openContext(config: Config, options: OpenOptions): Promise<OpenedContext> {
  const log = options.log ?? createLog(config.logLevel)
  const onError = (error: Error): void => log.warn({ err: error }, 'a database connection ended')
  const { db, hot, close } = openDatabase({ connection: options.connection, pool: config.databasePool, prepare: config.prepareStatements, onError })
  const testClock = config.testClock ? movableClock() : undefined
  if (testClock !== undefined) {
    await installTestClock(db)
    testClock.move((await readTestClock(db)) * 1000)
  }
  const clock = testClock ?? systemClock
  const versions = watchCacheVersions(db)
  const sealing = createSealing(loadSecretKeys(config))
  await createMissingKeys(db, sealing)
  const keyring = createKeyring({ load: () => listKeys(db, sealing), versions, clock })
  await keyring.list()
  const pairwise = createPairwiseSubjects(await readPairwiseSalt(db, sealing))
  const metrics = createMetrics(portnerVersion(), options.processMetrics === true)
  const audit = createAudit({ db, clock, log, metrics, key: await readChainKey(db, sealing, () => numberBeforeOldest(db)) })
  const passwords = options.passwords ?? startPasswordHasher({ whenIdle: true })
  if (config.testFetch) log.warn({ event: 'test.switch' }, 'PORTNER_TEST_FETCH is on: outgoing requests reach this machine, unencrypted too; never in production')
  const outgoing = createGuardedFetch({ loopback: config.testFetch, onCircuit: (host, isOpen) => noteCircuit(log, metrics, host, isOpen) })
  const mail = createMail({ config, db, sealing, clock, log, metrics, words: (language) => translator(knownLocale(language)) })
  const isRegistered = async (clientId: string): Promise<boolean> => (await findClient(ctx, clientId)) !== undefined
  const diagnosis = createDiagnosis({ db, clock, log, metrics, sealing, isRegistered })
  const statistics = createStatistics({ db, clock, log, sealing, isRegistered })
  const ctx: Context = { config, db, hot, versions, clock, log, metrics, keyring, sealing, pairwise, audit: counting(audit, statistics), statistics, diagnosis, passwords, fetch: outgoing.fetch, mail }
  return {
    ctx,
    moveClock:
      testClock &&
      (async (seconds) => {
        const offset = await moveTestClock(db, seconds)
        testClock.move(offset * 1000)
        return offset
      }),
    close: async () => {
      if (options.passwords === undefined) passwords.close()
      await mail.close()
      await outgoing.close()
      await diagnosis.close()
      await audit.close()
      await statistics.close()
      await close()
    },
  }
}
