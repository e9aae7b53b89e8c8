import { measure, type Measurer, type Sample, type Target } from '../measure.ts'

// One request at a time: what batching and everything else may not cost when nobody else is there.

export interface LowLoad {
  readonly name: string
  /** Milliseconds. */
  readonly p50: number
  readonly limit: number
  readonly met: boolean
}

const COUNT = 400
const MOST_MS = 0.5

/** The median time of each path at one connection, beside its limit route's. */
export async function measureLowLoad(measurer: Measurer, limits: readonly Target[], paths: readonly (Target & { readonly limit: string })[]): Promise<readonly LowLoad[]> {
  const alone = { connections: 1, count: COUNT }
  const samples = new Map<string, Sample>()
  for (const target of [...limits, ...paths]) {
    await measure(measurer, target, alone)
    samples.set(target.key, await measure(measurer, target, alone))
  }
  return paths.map(({ name, key, limit }) => {
    const p50 = samples.get(key)?.p50 ?? Number.NaN
    const bare = samples.get(limits.find((route) => route.name === limit)?.key ?? '')?.p50 ?? Number.NaN
    return { name, p50, limit: bare, met: p50 <= bare + MOST_MS }
  })
}
