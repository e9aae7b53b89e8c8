import { readdirSync } from 'node:fs'
import { type FastifyInstance, fastify } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { viewsFolder } from '../../src/http/assets.ts'
import { supportedLocales } from '../../src/http/locale.ts'
import { page, registerPages, staticErrorPage } from '../../src/http/pages.ts'
import { errorActions } from '../../src/http/views.ts'
import { byId, elementsOf, textOf, titleOf } from './markup.ts'
import { cases } from './models/index.ts'
import { addressOf, pagesApp, serviceName } from './pages-app.ts'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

let app: FastifyInstance
beforeAll(async () => {
  app = await pagesApp()
})
afterAll(async () => {
  await app.close()
})

async function open(address: string, locale = 'en') {
  return app.inject({ url: address, headers: { 'accept-language': locale } })
}

describe.each(supportedLocales(true))('every page in %s', (locale) => {
  it.each(cases.map((entry) => [addressOf(entry), entry] as const))('%s', async (address, entry) => {
    const answer = await open(address, locale)
    const elements = elementsOf(answer.body)
    const attributes = elements.flatMap((element) => [...element.attributes])
    const html = elements.find((element) => element.tag === 'html')
    const count = (tag: string) => elements.filter((element) => element.tag === tag).length

    expect(answer.statusCode).toBe(entry.options?.status ?? 200)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['content-language']).toBe(locale)
    expect(html?.attributes.get('data-view') ?? html?.attributes.get('data-page')).toBe(entry.view)
    expect(html?.attributes.get('dir')).toBe(locale === 'ar-XB' ? 'rtl' : 'ltr')
    if (!locale.includes('-')) expect(html?.attributes.get('lang')).toBe(locale)

    // G-02: nothing that a strict policy would have to allow, nothing of another origin.
    expect(elements.filter((element) => element.tag === 'script' && !element.attributes.has('src'))).toEqual([])
    expect(count('style')).toBe(0)
    expect(attributes.filter(([name, value]) => name === 'style' || name.startsWith('on') || /^\s*javascript:/i.test(value))).toEqual([])
    const loaded = elements.filter((element) => ['script', 'link'].includes(element.tag))
    expect(loaded.every((element) => /^\/assets\/[a-z]+\.[0-9a-f]{12}\.[a-z]+$/.test(element.attributes.get('src') ?? element.attributes.get('href') ?? ''))).toBe(true)

    // G-11: one heading, one main part, landmarks, unique ids, a title that ends with the service's name.
    expect([count('h1'), count('main')]).toEqual([1, 1])
    if (entry.view !== 'handoff') {
      expect([count('header'), count('footer')]).toEqual([1, 1])
      expect(elements.find((element) => element.tag === 'a')?.attributes.get('href')).toBe('#main')
    }
    const ids = attributes.filter(([name]) => name === 'id').map(([, value]) => value)
    expect(new Set(ids).size).toBe(ids.length)
    expect(titleOf(answer.body).endsWith(serviceName)).toBe(true)

    // What refers to another element finds it; every field for people has a label.
    const references = attributes.filter(([name]) => ['for', 'aria-describedby', 'aria-labelledby', 'aria-controls'].includes(name))
    expect(references.filter(([, value]) => !value.split(' ').every((one) => ids.includes(one)))).toEqual([])
    const labelled = new Set(elements.filter((element) => element.tag === 'label').map((element) => element.attributes.get('for')))
    const fields = elements.filter((element) => ['input', 'select'].includes(element.tag) && element.attributes.get('type') !== 'hidden')
    expect(fields.filter((field) => !labelled.has(field.attributes.get('id')))).toEqual([])
    expect(attributes.filter(([name, value]) => (name === 'tabindex' && Number(value) > 0) || name === 'placeholder' || name === 'maxlength')).toEqual([])
    expect(elements.filter((element) => element.attributes.has('autofocus')).length).toBeLessThanOrEqual(1)

    // G-12: a failure says so in the title, and only a failure does.
    const failed = (entry.options?.status ?? 200) >= 400
    if (locale === 'en') expect(titleOf(answer.body).startsWith('Error: ')).toBe(failed)

    // A form that changes something carries its token.
    const posts = elements.filter((element) => element.tag === 'form' && element.attributes.get('method') === 'post').length
    if (entry.view !== 'form-post') expect(attributes.filter(([name, value]) => name === 'name' && value === 'csrf').length).toBe(posts)
  })
})

describe('headers', () => {
  it('have the policy letter for letter, and the referrer stays with us', async () => {
    const { headers } = await open('/login/empty')
    expect(headers['content-security-policy']).toBe(policy)
    expect(headers['referrer-policy']).toBe('same-origin')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['cross-origin-opener-policy']).toBe('same-origin')
    expect(headers['x-frame-options']).toBe('DENY')
  })

  it('let the logo of a client in for one answer', async () => {
    const { headers, body } = await open('/login/logo')
    expect(headers['content-security-policy']).toBe(policy.replace("img-src 'self'", "img-src 'self' https://planner.example.org"))
    expect(elementsOf(body).find((element) => element.tag === 'img')?.attributes.get('src')).toBe('https://planner.example.org/logo.png')
  })

  it('send no referrer from the hand-off page, which has no script and is small', async () => {
    const { headers, body } = await open('/handoff/web')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(body).not.toContain('<script')
    expect(Buffer.byteLength(body)).toBeLessThan(1024)
    expect(body).toContain('<meta http-equiv="refresh" content="0;url=https://planner.example.org/callback?code=1&amp;state=%22">')
  })
})

describe('what others wrote', () => {
  it('never becomes markup', async () => {
    for (const address of ['/discovery/none', '/consent/long', '/error/own-words', '/form-post/post']) {
      const { body } = await open(address)
      expect(body).not.toContain('<script>')
      expect(elementsOf(body).some((element) => element.attributes.has('onload'))).toBe(false)
      expect(textOf(body)).not.toContain('[object')
    }
  })

  it('is in the page for the person to read', async () => {
    expect(textOf((await open('/discovery/none')).body)).toContain('"><script>alert(1)</script>')
  })
})

describe('the page of last resort', () => {
  it('is small, whole and escaped', () => {
    const body = staticErrorPage('7F3K-92QD<')
    expect(Buffer.byteLength(body)).toBeLessThan(2048)
    expect(elementsOf(body).find((element) => element.tag === 'html')?.attributes.get('data-page')).toBe('error')
    expect(textOf(body)).toContain('7F3K-92QD<')
    expect(body).not.toContain('7F3K-92QD<<')
    expect(byId(body, 'main')?.tag).toBe('main')
  })
})

describe('a fault of ours', () => {
  it('in a page reaches the error handler, in the error page gives the page of last resort', async () => {
    const broken = fastify({ logger: false })
    registerPages(broken, { serviceName, demo: false })
    broken.setErrorHandler((_error, request, reply) => page(reply, request, 'error', { kind: 'server-error', reference: '7F3K-92QD', time: new Date(Number.NaN) }, { status: 500 }))
    broken.get('/', (request, reply) => page(reply, request, 'handoff', { href: 'javascript:alert(1)', name: 'Course Planner' }))
    const answer = await broken.inject('/')
    expect(answer.statusCode).toBe(500)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.body).toBe(staticErrorPage('7F3K-92QD'))
    await broken.close()
  })
})

describe('the table of cases', () => {
  it('has every view and every kind of error', () => {
    const views = readdirSync(viewsFolder).filter((name) => name.endsWith('.eta') && !/^(layout|demo)/.test(name)).map((name) => name.slice(0, -'.eta'.length))
    expect([...new Set(cases.map((entry) => entry.view))].sort()).toEqual(views.sort())
    const kinds = cases.flatMap((entry) => (entry.view === 'error' ? [entry.model.kind] : []))
    expect([...new Set(kinds)].sort()).toEqual(Object.keys(errorActions).sort())
  })

  it('shows the banner of the demonstration on every page', async () => {
    const demo = await pagesApp(true)
    for (const entry of cases.filter((one) => one.view !== 'handoff')) {
      expect(textOf((await demo.inject(addressOf(entry))).body)).toContain('the people and the data are made up')
    }
    await demo.close()
  })
})
