import type { Sample } from './measure.ts'
import type { Goal, LimitName, Path } from './routes.ts'

// Owns the judgement: what a path cost beside its limits, and whether that meets its goal.

export interface PathResult {
  readonly name: string
  readonly sample: Sample
  /** Server and PostgreSQL together, CPU microseconds a request. */
  readonly total: number
  /** Times the limit route that the goal names. */
  readonly ratio: number | undefined
  readonly of: Goal['of'] | undefined
  /** What the goal allows, CPU microseconds. */
  readonly allowed: number | undefined
  readonly goal: string | undefined
  readonly met: boolean | undefined
}

export interface LimitResult {
  readonly name: LimitName
  readonly sample: Sample
  readonly total: number
}

export function totalOf({ server, postgres }: Sample): number {
  return server + postgres
}

/** What one ES256 signature costs between other work, CPU microseconds. */
export function signatureCost(limits: readonly LimitResult[]): number {
  return limitTotal(limits, 'POST + ES256') - limitTotal(limits, 'POST')
}

export function limitTotal(limits: readonly LimitResult[], name: LimitName): number {
  return limits.find((limit) => limit.name === name)?.total ?? Number.NaN
}

function words({ of, times, signatures }: Goal): string {
  return `≤ ${times} × ${of}${signatures === 0 ? '' : ' + signature'}`
}

/** Judges a path. */
export function judge({ name, goal }: Path, sample: Sample, limits: readonly LimitResult[]): PathResult {
  const total = totalOf(sample)
  if (goal === undefined) return { name, sample, total, ratio: undefined, of: undefined, allowed: undefined, goal: undefined, met: undefined }
  const limit = limitTotal(limits, goal.of)
  const allowed = goal.times * limit + goal.signatures * signatureCost(limits)
  return { name, sample, total, ratio: total / limit, of: goal.of, allowed, goal: words(goal), met: total <= allowed }
}

export interface PeerResult {
  readonly name: string
  readonly sample: Sample
  readonly total: number
  /** How many times ours it costs. */
  readonly times: number | undefined
  readonly goal: number | undefined
  readonly met: boolean | undefined
}

/** Sets what the peer needs for the same thing beside what we need. */
export function judgePeer(name: string, sample: Sample, paths: readonly Path[], results: readonly PathResult[]): PeerResult {
  const total = totalOf(sample)
  const ours = results.find((result) => result.name === name)?.total
  const goal = paths.find((path) => path.name === name)?.goal?.peer
  const times = ours === undefined ? undefined : total / ours
  return { name, sample, total, times, goal, met: times === undefined || goal === undefined ? undefined : times >= goal }
}
