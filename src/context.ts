import type { Kysely } from 'kysely'
import type { Audit } from './audit/record.ts'
import type { Statistics } from './audit/statistics.ts'
import type { Log } from './audit/log.ts'
import type { Metrics } from './audit/metrics.ts'
import type { Config } from './config.ts'
import type { Diagnosis } from './diagnosis/record.ts'
import type { DatabaseHandle } from './database/connect.ts'
import type { CurrentVersions } from './database/cache-versions.ts'
import type { Database } from './database/schema.ts'
import type { Keyring } from './keys/keyring.ts'
import type { PairwiseSubjects } from './keys/pairwise-subjects.ts'
import type { Sealing } from './keys/sealing.ts'
import type { Clock } from './lib/clock.ts'
import type { GuardedFetch } from './lib/guarded-fetch.ts'
import type { PasswordHasher } from './lib/password.ts'
import type { Mail } from './mail/mail.ts'

/** What holds state or touches the world, and nothing else. Built once in app.ts and passed to functions. */
export interface Context {
  readonly config: Config
  readonly db: Kysely<Database>
  /** Runs the batched statements of the hot paths. */
  readonly hot: DatabaseHandle['hot']
  readonly versions: CurrentVersions
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly keyring: Keyring
  readonly sealing: Sealing
  /** What people are called towards single sectors. */
  readonly pairwise: PairwiseSubjects
  readonly audit: Audit
  readonly statistics: Statistics
  /** Traces of what was refused, and why. */
  readonly diagnosis: Diagnosis
  readonly passwords: PasswordHasher
  /** The one way out: every HTTP request to others. */
  readonly fetch: GuardedFetch
  /** Mails to people: put down at once, sent a moment later. */
  readonly mail: Mail
}

/** A value that belongs to one context (a cache, a batch), made at its first use. */
export function perContext<T>(make: (ctx: Context) => T): (ctx: Context) => T {
  const made = new WeakMap<Context, T>()
  return (ctx) => {
    let value = made.get(ctx)
    if (value === undefined) {
      value = make(ctx)
      made.set(ctx, value)
    }
    return value
  }
}
