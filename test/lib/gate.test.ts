import { expect, test } from 'vitest'
import { createGate } from '../../src/lib/gate.ts'

test('lets in a few, the rest in the order of their coming, and nobody more than the line holds', async () => {
  const gate = createGate({ inside: 2, waiting: 3, milliseconds: 10_000 })
  const came: number[] = []
  const entered = Array.from({ length: 6 }, async (_, i) => {
    const leave = await gate.enter()
    if (leave !== undefined) came.push(i)
    return leave
  })
  expect(await entered[5]).toBeUndefined()
  const [first, second] = [await entered[0], await entered[1]]
  expect(came).toEqual([0, 1])
  first?.()
  // Who leaves twice lets in one.
  first?.()
  await entered[2]
  expect(came).toEqual([0, 1, 2])
  second?.()
  ;(await entered[3])?.()
  ;(await entered[4])?.()
  expect(came).toEqual([0, 1, 2, 3, 4])
})

test('whoever waits too long is told, and takes nobody\'s turn', async () => {
  const gate = createGate({ inside: 1, waiting: 5, milliseconds: 20 })
  const leave = await gate.enter()
  expect(await gate.enter()).toBeUndefined()
  leave?.()
  const next = await gate.enter()
  expect(next).toBeDefined()
})

test('whoever would wait too long, as long as the last ones stayed inside, is told at once', async () => {
  const gate = createGate({ inside: 1, waiting: 100, milliseconds: 50 })
  for (let round = 0; round < 40; round++) {
    const leave = await gate.enter()
    await new Promise((resolve) => setTimeout(resolve, 20))
    leave?.()
  }
  expect(gate.isFull()).toBe(false)
  const leave = await gate.enter()
  const waiting = Array.from({ length: 10 }, () => gate.enter())
  expect(gate.isFull()).toBe(true)
  expect(await waiting.at(-1)).toBeUndefined()
  leave?.()
  ;(await waiting[0])?.()
})
