import { expect, test } from 'vitest'
import { canParseUrl } from '../../src/lib/can-parse-url.ts'

test('a text is a URL or none, however often it was asked', () => {
  for (let i = 0; i < 200_000; i++) canParseUrl(`https://app.example.org/${i % 10}`)
  expect(['https://bücher.example/cb', 'https://app.example.org/é', 'no url', 'https://', ''].map((text) => canParseUrl(text))).toEqual([true, true, false, false, false])
  expect([canParseUrl('/path', 'https://app.example.org'), canParseUrl('/path')]).toEqual([true, false])
})
