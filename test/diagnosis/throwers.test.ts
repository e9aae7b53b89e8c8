import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { translator } from '../../src/http/messages.ts'
import { causes } from '../../src/protocol/causes.ts'
import { usualTrace } from '../../src/protocol/trace.ts'

// No refusal without a cause: three codes say nothing by themselves, so whoever throws one names its cause or the parameter at fault.

const SRC = join(import.meta.dirname, '..', '..', 'src')

function files(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? files(path) : name.endsWith('.ts') ? [path] : []
  })
}

/** The arguments of a call that begins at `from`, up to its closing bracket. */
function argumentsAt(text: string, from: number): string {
  let depth = 0
  for (let i = from; i < text.length; i++) {
    if (text[i] === '(') depth++
    if (text[i] === ')' && --depth === 0) return text.slice(from, i)
  }
  return text.slice(from)
}

const SILENT = /\b(?:invalidRequest|invalidGrant|invalidClient)\(/g
/** Names that stand for options with a cause. */
const NAMED = /trace\b|parameter\b|MALFORMED|TOO_MANY|options\)?$/

test('whoever throws a code that says nothing by itself names its cause or its parameter', () => {
  const silent = files(SRC)
    .filter((file) => !/\/(?:test-clock|test-approval)\.ts$|protocol\/error\.ts$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      return [...text.matchAll(SILENT)].map((match) => argumentsAt(text, match.index + match[0].length - 1)).filter((said) => !NAMED.test(said)).map((said) => `${relative(SRC, file)}: ${said.slice(0, 120)}`)
    })
  expect(silent).toEqual([])
})

test('each cause and each mend has its sentence', () => {
  const { has } = translator('en')
  const missing = Object.entries(causes).flatMap(([cause, { fix }]) => [`diagnosis.cause.${cause}`, `diagnosis.fix.${fix}`]).filter((key) => !has(key))
  expect(missing).toEqual([])
})

test('each hint that a rule gives has its sentence', () => {
  const { has } = translator('en')
  const names = files(SRC).flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/name: '([a-z_]+)'(?=, values:| \}[\],)])/g)].map((match) => match[1] ?? ''))
  const inHints = files(SRC).flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/hints: \[\{ name: '([a-z_]+)'/g)].map((match) => match[1] ?? ''))
  expect(names.length).toBeGreaterThan(10)
  expect([...new Set(inHints)].filter((name) => !has(`diagnosis.hint.${name}`))).toEqual([])
})

test('a code, a status or a parameter is a cause where none is named', () => {
  const of = (code: string, status: number, parameter?: string): string => usualTrace(code, { status, parameter, reason: undefined }).cause
  expect([of('slow_down', 400), of('invalid_request', 429), of('invalid_request', 400, 'max_age'), of('temporarily_unavailable', 503), of('upstream_timeout', 504)]).toEqual(['device.too_fast', 'limit.rate', 'request.parameter', 'server.unavailable', 'gatekeeper.timeout'])
})
