import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'
import { describe, expect, it } from 'vitest'
import { viewsFolder } from '../../src/http/assets.ts'
import { locales, supportedLocales } from '../../src/http/locale.ts'
import { readMessages, translator } from '../../src/http/messages.ts'
import { errorActions } from '../../src/http/views.ts'

type Texts = Readonly<Record<string, string>>
type Ast = ReturnType<IntlMessageFormat['getAst']>

const english: Texts = readMessages('en')

/** Names of values, with those inside plurals. */
function placeholders(ast: Ast): string[] {
  const found = ast.flatMap((element) => {
    if ('options' in element) return [element.value, ...Object.values(element.options).flatMap((option) => placeholders(option.value))]
    const kind: number = element.type
    return kind === 0 || !('value' in element) ? [] : [element.value]
  })
  return [...new Set(found)].sort()
}

describe.each(Object.keys(locales))('%s', (locale) => {
  const texts: Texts = readMessages(locale)

  it('has every message of English and no other', () => {
    expect(Object.keys(texts).sort()).toEqual(Object.keys(english).sort())
  })

  it('has the same values in each message, words, and no markup', () => {
    for (const [key, original] of Object.entries(english)) {
      const text = texts[key] ?? ''
      const values = (message: string) => placeholders(new IntlMessageFormat(message, locale, undefined, { ignoreTag: true }).getAst())
      expect(values(text), key).toEqual(values(original))
      expect(text, key).toMatch(/^\S[^<>]*$/)
      expect(text.trim(), key).toBe(text)
    }
  })
})

it('translations differ from English but where a message has no words', () => {
  const wordless = new Set(['page.title', 'scope.own', 'scope.own.value'])
  for (const locale of Object.keys(locales).filter((one) => one !== 'en')) {
    const same = Object.entries(readMessages(locale)).filter(([key, text]) => !wordless.has(key) && text === english[key])
    expect(same, locale).toEqual([])
  }
})

/** Every quoted name of a message, and the beginnings of those that are put together. */
function mentions(): { names: Set<string>; beginnings: string[] } {
  const files = readdirSync(viewsFolder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eta')).map((name) => viewsFolder + name)
  const sources = ['http/pages', 'http/provider-off', 'http/provider-search', 'http/scope-sentences', 'mail/letter'].map((name) => new URL(`../../src/${name}.ts`, import.meta.url))
  const all = [...files, ...sources].map((file) => readFileSync(file, 'utf8')).join('\n')
  // The reasons that pages give for asking somebody to sign in again (`….again.…`) are named where they are asked.
  const folders = ['account', 'dashboard', 'admin'].map((name) => new URL(`../../src/${name}/`, import.meta.url)).filter((folder) => existsSync(folder))
  const code = folders.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => readFileSync(new URL(name, folder), 'utf8')))
  const reasons = [...code.join('\n').matchAll(/'([a-z]+(?:\.[a-z-]+)*\.again\.[a-z-]+)'/g)].map((match) => match[1] ?? '')
  const quoted = [...all.matchAll(/'([a-z][a-z-]*(?:\.[a-z-]+)+)'/g)].map((match) => match[1] ?? '')
  const joined = [...all.matchAll(/'([a-z][a-z-]*(?:\.[a-z-]+)*\.)' \+/g), ...all.matchAll(/`([a-z]+\.)\$\{/g)].map((match) => match[1] ?? '')
  return { names: new Set([...quoted, ...reasons]), beginnings: joined }
}

describe('messages and templates', () => {
  const { names, beginnings } = mentions()
  const kinds = ['insecure.', 'loopback.']

  it('no message is unused', () => {
    const unused = Object.keys(english).filter((key) => !names.has(key) && ![...beginnings, ...kinds].some((beginning) => key.startsWith(beginning)))
    expect(unused).toEqual([])
  })

  it('no template names a message that does not exist', () => {
    const families = new Set(Object.keys(english).map((key) => key.split('.')[0]))
    expect([...names].filter((name) => !/\.(js|css|eta)$/.test(name) && families.has(name.split('.')[0]) && english[name] === undefined)).toEqual([])
  })

  it('every kind of error and every advice has its words', () => {
    const wanted = Object.entries(errorActions).flatMap(([kind, actions]) => [
      `error.${kind}.heading`,
      `error.${kind}.text`,
      ...actions.filter((action) => action !== 'restart').map((action) => `error.action.${action}`),
    ])
    expect(wanted.filter((key) => english[key] === undefined)).toEqual([])
  })
})

describe('values in sentences', () => {
  it.each(supportedLocales(true))('are isolated and escaped in %s', (locale) => {
    const html = translator(locale).html('page.continue', { client: '<b>\uE000&"' })
    expect(html).toContain('<bdi>&#60;b&#62;&#38;&#34;</bdi>')
    expect(html.split('<bdi>')).toHaveLength(2)
  })

  it('count in the language', () => {
    const values = { total: 1, shown: 1 }
    expect(translator('en').text('discovery.status', values)).toBe('1 institution found, showing 1')
    expect(translator('nb').text('discovery.status', { total: 1205, shown: 25 })).toBe('Fant 1\u00A0205 institusjoner, viser 25')
    expect(translator('fi').text('discovery.status', values)).toBe('Löytyi 1 organisaatio, näytetään 1')
  })

  it('the long pseudo language is at least four tenths longer', () => {
    const key = 'error.server-error.text'
    expect(translator('en-XA').text(key).length).toBeGreaterThanOrEqual(translator('en').text(key).length * 1.4)
  })
})
