import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { behaviours, notBuilt, rows } from './behaviours.ts'

// The table of behaviours cannot lie: each row has a test, and the test is there.

test('every row has a story, or is known to wait for its part of the server', () => {
  expect([...Object.keys(behaviours), ...notBuilt].toSorted()).toEqual([...rows].toSorted())
})

test.each(Object.entries(behaviours))('%s is shown where it is said to be', (_row, place) => {
  const [file = '', title = 'none'] = place.split(' > ')
  expect(readFileSync(join(dirname(import.meta.dirname), ...file.split('/')), 'utf8')).toContain(`test('${title}'`)
})
