import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { modulesOf, otherPlans } from './modules.ts'
import { stories } from './stories.ts'

/** Modules that stories of other files hold, by the titles of those. */
const heldElsewhere: Readonly<Record<string, string>> = {
  'oidcc-registration-sector-uri': 'subjects/pairwise.test.ts > of several hosts is what an address says that lists every redirect URI',
  'oidcc-registration-sector-bad': 'subjects/pairwise.test.ts > a document that lists only some',
  'oidcc-server-rotate-keys': 'endpoints/metadata.test.ts > a new key is published before it signs, and the old one stays',
  'oidcc-session-management-rp-initiated-logout': 'subjects/chromium-session-management.test.ts > unchanged while the person is signed in, changed once they are not',
}

function read(...path: readonly string[]): string {
  return readFileSync(join(dirname(import.meta.dirname), ...path), 'utf8')
}

const texts = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts') && !name.startsWith('rows'))
  .map((name) => read('conformance', name))
  .join('\n')

test('every module of the basic, implicit and hybrid plans has its story', () => {
  expect([...new Set(Object.values(modulesOf).flat())].filter((module) => stories[module] === undefined)).toEqual([])
  expect(Object.fromEntries(Object.entries(modulesOf).map(([type, modules]) => [type, modules.length]))).toEqual({ code: 38, id_token: 27, 'id_token token': 31, 'code id_token': 36, 'code token': 33, 'code id_token token': 33 })
})

test.each(Object.entries(otherPlans))('every module of the plan %s has its story', (_plan, modules) => {
  const held = (module: string): boolean => module in stories || module in heldElsewhere || texts.includes(`'${module}'`)
  expect(modules.filter((module) => !held(module))).toEqual([])
})

test.each(Object.entries(heldElsewhere))('%s is held where it is said to be', (_module, place) => {
  const [file = '', title = 'none'] = place.split(' > ')
  expect(read(...file.split('/'))).toContain(`'${title}'`)
})
