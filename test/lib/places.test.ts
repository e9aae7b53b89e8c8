import { expect, test } from 'vitest'
import { createPlaces } from '../../src/lib/places.ts'

test('one owner has so many places, and all together so many; each is given back once', () => {
  const places = createPlaces({ ofOne: 2, ofAll: 3 })
  const give = [places.take('a'), places.take('a')]
  expect([places.hasRoom('a'), places.hasRoom('b'), places.count('a')]).toEqual([false, true, 2])
  give.push(places.take('b'))
  expect(places.hasRoom('c')).toBe(false)
  give[0]?.()
  give[0]?.()
  expect([places.hasRoom('a'), places.hasRoom('c'), places.count('a')]).toEqual([true, true, 1])
  for (const one of give) one()
  expect([places.count('a'), places.count('b')]).toEqual([0, 0])
})

test('what has begun beyond the end is counted all the same', () => {
  const places = createPlaces({ ofOne: 1, ofAll: 1 })
  const [first, second] = [places.take('a'), places.take('a')]
  first()
  expect(places.hasRoom('a')).toBe(false)
  second()
  expect(places.hasRoom('a')).toBe(true)
})
