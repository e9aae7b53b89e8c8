import { nodeWarning } from '../../system/findings/node-warning.ts'
import type { Log } from '../../audit/log.ts'
import type { Config } from '../../config.ts'

// Owns what is said loudly at start: switches that no production server may have, and a Node that gets no more security fixes.

/** Logs every warning of a start. */
export function warnAtStart(config: Config, log: Log): void {
  if (config.testClock) log.warn('PORTNER_TEST_CLOCK is on: tests can move the clock of this server and of its database')
  if (config.testFetch) log.warn('PORTNER_TEST_FETCH is on: outgoing requests may reach addresses of this machine')
  const node = nodeWarning(process.versions.node, new Date())
  if (node !== undefined) log.warn(node)
}
