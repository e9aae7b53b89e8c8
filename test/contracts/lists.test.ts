import { expect, test } from 'vitest'
import { lists, requireSoundLists } from '../../src/lists.ts'

test('the lists are sound', () => {
  expect(() => requireSoundLists(lists)).not.toThrow()
})

test('an empty list, or a name twice, stops the start', () => {
  expect(() => requireSoundLists({ grants: [] })).toThrow('empty')
  expect(() => requireSoundLists({ grants: ['a', 'b', 'a'] })).toThrow('"a" twice')
})
