import type { Latencies } from '../load/messages.ts'
import { median, type Measurer, type Target } from '../measure.ts'
import { REDIRECT_URI, WEB } from '../portner/documents.ts'
import { VERIFIER } from '../portner/rows.ts'
import { challengeOf } from '../../../src/protocol/pkce.ts'
import { startChild } from '../process.ts'
import type { FloodOrder, FloodResult } from './flood-process.ts'

// A flood of sign-ins, more than the machine can hash, and what the machines' endpoints notice of it.

export interface FloodReport {
  readonly perSecond: number
  readonly paths: readonly { readonly name: string; readonly quiet: number; readonly flooded: number; readonly times: number; readonly met: boolean }[]
  /** Of all floods together. */
  readonly served: number
  readonly refused: number
  readonly other: number
  readonly seconds: number
  /** Milliseconds, medians over the floods. */
  readonly servedP50: number
  readonly refusedP50: number
  readonly refusedP99: number
}

const LOGINS_PER_SECOND = 200
const PROBES_PER_SECOND = 300
const SECONDS = 6
const ROUNDS = 4
const MOST_TIMES = 1.5

/** Probes each target alternately in quiet and under the flood; medians of the 99th percentiles. */
export async function measureFlood({ load }: Measurer, targets: readonly Target[], port: number): Promise<FloodReport> {
  const { child } = await startChild('./extras/flood-process.ts')
  const probe = (target: Target): Promise<Latencies> => load.run({ kind: 'open', name: target.key, port, connections: 32, perSecond: PROBES_PER_SECOND, seconds: SECONDS })
  const query = new URLSearchParams({ client_id: WEB, redirect_uri: REDIRECT_URI, response_type: 'code', scope: 'openid', state: 's', code_challenge: challengeOf(VERIFIER) ?? '', code_challenge_method: 'S256' })
  const order: FloodOrder = { port, start: `/oauth/authorization?${query}`, perSecond: LOGINS_PER_SECOND, seconds: SECONDS + 1 }
  const floods: FloodResult[] = []
  const paths: { name: string; quiet: number; flooded: number; times: number; met: boolean }[] = []
  try {
    for (const target of targets) {
      const quiet: number[] = []
      const flooded: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        quiet.push((await probe(target)).p99)
        const flood = child.ask<FloodResult>(order)
        flooded.push((await probe(target)).p99)
        floods.push(await flood)
      }
      const times = median(flooded) / median(quiet)
      paths.push({ name: target.name, quiet: median(quiet), flooded: median(flooded), times, met: times <= MOST_TIMES })
    }
  } finally {
    await child.stop()
  }
  const sum = (read: (flood: FloodResult) => number): number => floods.reduce((total, flood) => total + read(flood), 0)
  return {
    perSecond: LOGINS_PER_SECOND,
    paths,
    served: sum(({ served }) => served),
    refused: sum(({ refused }) => refused),
    other: sum(({ other }) => other),
    seconds: floods.length * (SECONDS + 1),
    servedP50: median(floods.map(({ servedP50 }) => servedP50)),
    refusedP50: median(floods.map(({ refusedP50 }) => refusedP50)),
    refusedP99: median(floods.map(({ refusedP99 }) => refusedP99)),
  }
}
