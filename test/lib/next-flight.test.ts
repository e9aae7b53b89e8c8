import { expect, test } from 'vitest'
import { nextFlight } from '../../src/lib/next-flight.ts'

function flights(): { readonly ask: () => Promise<number>; readonly land: (() => void)[] } {
  const land: (() => void)[] = []
  const ask = nextFlight(() => {
    const number = land.length + 1
    return new Promise<number>((resolve) => land.push(() => resolve(number)))
  })
  return { ask, land }
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('who comes while one is on its way shares the next, and only one is on its way', async () => {
  const { ask, land } = flights()
  const early = [ask(), ask()]
  await soon()
  const late = [ask(), ask()]
  await soon()
  expect(land).toHaveLength(1)
  land[0]?.()
  await soon()
  expect(land).toHaveLength(2)
  land[1]?.()
  expect([await Promise.all(early), await Promise.all(late)]).toEqual([[1, 1], [2, 2]])
})

test('one that fails fails those who shared it, and the next goes on', async () => {
  let isBroken = true
  const ask = nextFlight(() => (isBroken ? Promise.reject(new Error('gone')) : Promise.resolve('here')))
  const answers = await Promise.allSettled([ask(), ask()])
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  isBroken = false
  expect(await ask()).toBe('here')
})
