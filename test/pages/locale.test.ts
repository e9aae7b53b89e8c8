import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localized, negotiateLocale, ownPath } from '../../src/http/locale.ts'
import { pagesApp } from './pages-app.ts'

const ask = (acceptLanguage?: string, uiLocales?: string, cookie?: string) =>
  negotiateLocale({ headers: { ...(acceptLanguage === undefined ? {} : { 'accept-language': acceptLanguage }), ...(cookie === undefined ? {} : { cookie }) } }, uiLocales)

describe('the language of a page', () => {
  it.each([
    [undefined, undefined, undefined, 'en'],
    ['nb-NO,nb;q=0.9,en;q=0.8', undefined, undefined, 'nb'],
    ['no', undefined, undefined, 'nb'],
    ['se-NO, nn;q=0.8', undefined, undefined, 'nn'],
    ['en;q=0.2, sv-FI;q=0.9', undefined, undefined, 'sv'],
    ['fi;q=0, sv;q=0.1', undefined, undefined, 'sv'],
    ['de', undefined, undefined, 'en'],
    ['sv', 'se fi', undefined, 'fi'],
    ['sv', 'fi', 'other=1; ptr_locale=nn', 'nn'],
    ['sv', undefined, 'ptr_locale=xx', 'sv'],
    ['ar-XB', 'en-XA', 'ptr_locale=ar-XB', 'en'],
    [',;q=,,;;=\u0000', '\u0000 ', 'ptr_locale=;ptr_locale', 'en'],
    ['x'.repeat(100_000), 'x '.repeat(100_000), undefined, 'en'],
  ])('%.20s · %.10s · %s gives %4$s', (acceptLanguage, uiLocales, cookie, expected) => {
    expect(ask(acceptLanguage, uiLocales, cookie)).toBe(expected)
  })

  it('picks texts of others, with sisters and fallbacks', () => {
    expect(localized('One', 'fi')).toBe('One')
    expect(localized({ en: 'E', nb: 'B' }, 'nb')).toBe('B')
    expect(localized({ en: 'E', nb: 'B' }, 'nn')).toBe('B')
    expect(localized({ en: 'E', no: 'N' }, 'nb')).toBe('N')
    expect(localized({ en: 'E', nb: 'B' }, 'fi')).toBe('E')
    expect(localized({ de: 'D' }, 'fi')).toBe('D')
    expect(localized({}, 'fi')).toBe('')
  })
})

describe('the way back after a choice', () => {
  it.each(['/', '/login?a=1&b=%2F%2F', '/a//b'])('%s is ours', (path) => {
    expect(ownPath(path)).toBe(path)
  })

  it.each(['//evil.example', '/\\evil.example', '\\/evil.example', 'https://evil.example', 'evil', '', '/\t/evil.example', '/a\\b', '/ø', '/a\r\nb', undefined, ['/a', '/b']])('%s is not', (path) => {
    expect(ownPath(path)).toBe('/')
  })
})

describe('the choice', () => {
  let app: FastifyInstance
  beforeAll(async () => {
    app = await pagesApp()
  })
  afterAll(async () => {
    await app.close()
  })

  it('is remembered and goes back', async () => {
    const answer = await app.inject('/locale?locale=fi&return=%2Flogin%2Fempty%3Fx%3D1')
    expect(answer.statusCode).toBe(303)
    expect(answer.headers.location).toBe('/login/empty?x=1')
    expect(answer.headers['set-cookie']).toBe('ptr_locale=fi; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax')
    expect(answer.headers['referrer-policy']).toBe('no-referrer')
    const page = await app.inject({ url: '/login/empty?ui_locales=sv', headers: { cookie: 'ptr_locale=fi' } })
    expect(page.body).toContain('lang="fi"')
  })

  it.each(['/locale', '/locale?locale=de&return=//evil.example', '/locale?locale=fi&locale=sv', '/locale?locale=__proto__&return=/%00'])('%s goes home and stores nothing', async (url) => {
    const answer = await app.inject(url)
    expect([answer.statusCode, answer.headers.location, answer.headers['set-cookie']]).toEqual([303, '/', undefined])
  })

  it('is offered in its own language, and leads back to the same page', async () => {
    const { body } = await app.inject('/login/empty?a=1&b=2')
    expect(body).toContain('<a href="/locale?locale=nn&amp;return=%2Flogin%2Fempty%3Fa%3D1%26b%3D2" lang="nn" hreflang="nn">Norsk nynorsk</a>')
  })
})
