import { expect, it } from 'vitest'
import { createBatch } from '../../src/database/batch.ts'
import { OAuthError } from '../../src/protocol/error.ts'

// The mechanism alone, over a database that is a function.

interface Run<I> {
  readonly items: readonly I[]
  readonly end: (error?: Error) => void
}

function errorWith(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function controlled(together = true): { readonly ask: (item: string) => Promise<string | undefined>; readonly runs: Run<string>[] } {
  const runs: Run<string>[] = []
  const ask = createBatch<string, string>({
    together,
    key: (item) => item,
    run: (items) => new Promise((resolve, reject) => runs.push({ items, end: (error) => (error === undefined ? resolve(items.map((item) => (item === 'nothing' ? undefined : `row of ${item}`))) : reject(error)) })),
  })
  return { ask, runs }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

it('sends what arrived together as one statement, sorted by key, and gives each its own row or nothing', async () => {
  const { ask, runs } = controlled()
  const answers = Promise.all([ask('c'), ask('a'), ask('nothing')])
  await turn()
  expect(runs.map(({ items }) => items)).toEqual([['a', 'c', 'nothing']])
  runs[0]?.end()
  expect(await answers).toEqual(['row of c', 'row of a', undefined])
})

it('lets a second statement follow a small one, and nothing follow a large one', async () => {
  const { ask, runs } = controlled()
  const answers = [ask('a')]
  await turn()
  answers.push(ask('b'), ask('c'), ask('d'))
  await turn()
  answers.push(ask('e'))
  await turn()
  expect(runs.map(({ items }) => items)).toEqual([['a'], ['b', 'c', 'd']])
  runs[0]?.end()
  await turn()
  expect(runs).toHaveLength(2)
  runs[1]?.end()
  await turn()
  expect(runs[2]?.items).toEqual(['e'])
  runs[2]?.end()
  await Promise.all(answers)
})

it('runs everything alone when it is switched off', async () => {
  const { ask, runs } = controlled(false)
  const answers = [ask('a'), ask('b')]
  await turn()
  expect(runs.map(({ items }) => items)).toEqual([['a'], ['b']])
  for (const run of runs) run.end()
  await Promise.all(answers)
})

it('lets a poisoned row fail alone', async () => {
  let calls = 0
  const ask = createBatch<string, string>({
    together: true,
    key: (item) => item,
    run: async (items) => {
      calls++
      if (items.includes('poison')) throw errorWith('22021')
      return items
    },
  })
  const results = await Promise.allSettled(['a', 'poison', 'z'].map(ask))
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(calls).toBe(4)
})

it('tries a deadlock once more, together, and does not try a lost database again', async () => {
  for (const [code, calls] of [['40P01', 2], ['57P01', 1]] as const) {
    let called = 0
    const ask = createBatch<string, string>({
      together: true,
      key: (item) => item,
      run: async (items) => {
        called++
        if (called === 1) throw errorWith(code)
        return items
      },
    })
    const results = await Promise.allSettled(['a', 'b'].map(ask))
    expect(results.map(({ status }) => status)).toEqual(code === '40P01' ? ['fulfilled', 'fulfilled'] : ['rejected', 'rejected'])
    expect(called).toBe(calls)
  }
})

it('refuses at once when too many wait', async () => {
  const { ask, runs } = controlled()
  const waiting = Array.from({ length: 4096 }, (_, i) => ask(String(i)))
  const refused = await ask('one too many').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(OAuthError)
  expect(refused).toMatchObject({ status: 503 })
  let ended = 0
  while (ended < 16) {
    await turn()
    runs[ended++]?.end()
  }
  expect(await Promise.all(waiting)).toHaveLength(4096)
  expect(Math.max(...runs.map(({ items }) => items.length))).toBe(256)
})
