import { expect, test } from 'vitest'
import { createTurns } from '../../src/lib/turns.ts'

test('a burst begins a few at a time, in order, and the event loop comes to others between them', async () => {
  const turn = createTurns(2)
  const seen: string[] = []
  const all = Promise.all(Array.from({ length: 5 }, async (_, i) => {
    await turn()
    seen.push(`form ${i}`)
  }))
  setImmediate(() => seen.push('token'))
  await all
  expect(seen).toEqual(['form 0', 'form 1', 'form 2', 'form 3', 'token', 'form 4'])
})

test('at a quiet moment nobody waits', async () => {
  const turn = createTurns(1)
  const order: string[] = []
  setImmediate(() => order.push('later'))
  await turn()
  order.push('now')
  await new Promise((resolve) => setImmediate(resolve))
  await turn()
  expect(order).toEqual(['now', 'later'])
})
