import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DONE } from '../../src/admin/list-page.ts'
import { readMessages } from '../../src/http/messages.ts'

// The operators' pages name their words in the code: each of them is there, and none stands there for nothing.

const folder = new URL('../../src/admin/', import.meta.url)
const code = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('\n')

function quoted(text: string): readonly string[] {
  return [...text.matchAll(/'([a-z][a-z-]*)'/g)].map(([, word = '']) => word)
}

const all = new Set(quoted(code.replaceAll('`off-${reason}`', ['left', 'expired', 'declared', 'operator'].map((one) => `'off-${one}'`).join()).replaceAll('`approval-${scope.approval}`', ['auto', 'owner', 'organization'].map((one) => `'approval-${one}'`).join())))
const words = new Set(Object.keys(readMessages('en')).filter((key) => key.startsWith('admin.')))

test('facts, columns and tables', () => {
  const labels = [...code.matchAll(/\bfact\('([a-z-]+)'/g)].map(([, name = '']) => name)
  const columns = [...code.matchAll(/columns: \[([^\]]*)\]/g)].flatMap(([, list = '']) => quoted(list))
  const tables = [...code.matchAll(/\bname: '([a-z-]+)', columns/g)].map(([, name = '']) => name)
  const sections = [...code.matchAll(/const NAME = '([a-z-]+)'/g)].map(([, name = '']) => name)
  expect(labels.length + columns.length).toBeGreaterThan(80)
  expect([...labels, ...columns].filter((name) => !words.has(`admin.label.${name}`))).toEqual([])
  expect([...tables, ...sections.filter((name) => name !== 'home')].filter((name) => !words.has(`admin.table.${name}`) || !words.has(`admin.empty.${name}`))).toEqual([])
  expect(sections.filter((name) => !words.has(`admin.section.${name}`))).toEqual([])
})

test('states, roles and what comes from a word', () => {
  const named = [...code.matchAll(/\bword\(([^)]*)\)/g)].flatMap(([, inner = '']) => quoted(inner))
  const options = [...code.matchAll(/options: \[([^\]]*)\]/g)].flatMap(([, list = '']) => quoted(list))
  const others = ['active', 'locked', 'admin', 'developer', 'member', 'production', 'development', 'disabled', 'published', 'signing', 'retired', 'off-left', 'off-expired', 'off-declared', 'off-operator', 'approval-auto', 'approval-owner', 'approval-organization']
  expect([...named, ...options, ...others].filter((name) => !words.has(`admin.word.${name}`))).toEqual([])
})

test('changes: what is asked, what follows, and what was done', () => {
  const questions = [...code.matchAll(/question: '([a-z-]+)'/g)].map(([, name = '']) => name)
  expect([...new Set([...questions, ...DONE])].filter((name) => !['action', 'confirm', 'done'].every((part) => words.has(`admin.${part}.${name}`)))).toEqual([])
  expect(questions.filter((name) => !DONE.some((one) => one === name))).toEqual([])
})

test('no word stands there for nothing', () => {
  const kept = [...words].filter((key) => /^admin\.(?:label|word|table|empty|action|done|confirm|filter)\./.test(key))
  expect(kept.filter((key) => !all.has(key.split('.')[2] ?? '') && !['active', 'admin', 'developer', 'member', 'published', 'retired', 'signing'].includes(key.split('.')[2] ?? ''))).toEqual([])
})
