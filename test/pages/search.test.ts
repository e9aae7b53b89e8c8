import { type FastifyInstance, fastify } from 'fastify'
import { type Browser, type Page, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { page as answerPage, registerPages, requestLocale } from '../../src/http/pages.ts'
import { discoveryAnswer } from '../../src/http/provider-search.ts'
import type { DiscoveryModel } from '../../src/http/discovery-views.ts'
import { chromiumLaunchOptions, chromiumPath } from '../support/chromium.ts'

const path = chromiumPath()
const names = ['Norges testuniversitet', 'Nordre høgskole', 'Nya universitetet', 'Oulun testikoulu']

/** A search over four names: slow for one letter, so that its answer comes after the next one's. */
async function searchApp(asked: string[]): Promise<FastifyInstance> {
  const app = fastify({ logger: false })
  registerPages(app, { serviceName: 'Sign-in service', demo: false })
  app.get<{ Querystring: { q?: string; country?: string } }>('/discovery', async (request, reply) => {
    const query = request.query.q ?? ''
    asked.push(query)
    if (query === 'n') await new Promise((resolve) => setTimeout(resolve, 400))
    const found = names.filter((name) => name.toLowerCase().split(' ').some((word) => word.startsWith(query.toLowerCase())))
    const results = found.map((name) => ({ providerId: name.slice(0, 5), name, domain: 'test.example', initials: 'T', href: `/chosen?idp=${encodeURIComponent(name)}` }))
    const model: DiscoveryModel = { clientName: 'Course Planner', csrf: 'c', query, searchAction: '/discovery', results, total: found.length, remembered: [], countries: [], shared: { on: false, toggleHref: '/discovery?shared=1' }, unlistedHref: '/discovery', nextHref: found.length > 3 ? '/discovery?page=2' : undefined }
    reply.header('vary', 'accept')
    if (request.headers.accept === 'application/json') return reply.type('application/json; charset=utf-8').send(discoveryAnswer(model, requestLocale(request)))
    return answerPage(reply, request, 'discovery', model)
  })
  app.get('/chosen', (_request, reply) => reply.type('text/plain').send('chosen'))
  app.post('/callback', (_request, reply) => reply.type('text/plain').send('arrived'))
  app.get<{ Querystring: { target: string } }>('/leave', (request, reply) =>
    answerPage(reply, request, 'form-post', { action: request.query.target, name: 'Course Planner', fields: { code: '1' } }, { formAction: request.query.target }),
  )
  app.get<{ Querystring: { target: string } }>('/handoff', (request, reply) => answerPage(reply, request, 'handoff', { href: request.query.target, name: 'Course Planner' }))
  await app.register(async (forms) => {
    forms.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    forms.post('/client', (_request, reply) => reply.type('text/plain').send('arrived'))
  })
  return app
}

describe.skipIf(path === undefined)('script of the pages in Chromium', () => {
  const asked: string[] = []
  let app: FastifyInstance
  let client: FastifyInstance
  let browser: Browser
  let origin: string
  let clientOrigin: string

  beforeAll(async () => {
    app = await searchApp(asked)
    client = await searchApp([])
    origin = await app.listen({ port: 0, host: '127.0.0.1' })
    clientOrigin = await client.listen({ port: 0, host: '127.0.0.1' })
    browser = await chromium.launch(chromiumLaunchOptions(path ?? ''))
  })
  afterAll(async () => {
    await browser.close()
    await app.close()
    await client.close()
  })

  async function open(address: string, javaScriptEnabled = true): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({ javaScriptEnabled })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    // The client's plain pages have no icon; the browser says so.
    page.on('console', (message) => !message.text().startsWith('Failed to load resource') && complaints.push(message.text()))
    await page.goto(origin + address)
    return { page, complaints }
  }
  const rows = (page: Page) => page.locator('#providers .name').allTextContents()

  it('shows what matches while one types, and drops an answer that comes too late', async () => {
    const { page, complaints } = await open('/discovery')
    await page.locator('#q').pressSequentially('no', { delay: 60 })
    await expect.poll(() => page.locator('#providers-heading').textContent()).toBe('Results for “no”')
    await page.waitForTimeout(600)
    expect(await rows(page)).toEqual(['Norges testuniversitet', 'Nordre høgskole'])
    expect(await page.locator('#providers-heading').textContent()).toBe('Results for “no”')
    await expect.poll(() => page.locator('#search-status').textContent()).toBe('2 institutions found, showing 2')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('goes through the results with the arrow keys, and back to the field', async () => {
    const { page } = await open('/discovery')
    await page.locator('#q').pressSequentially('no')
    await expect.poll(() => page.locator('#providers-heading').textContent()).toBe('Results for “no”')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    expect(await page.locator(':focus').getAttribute('id')).toBe('q')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/chosen**')
    expect(new URL(page.url()).searchParams.get('idp')).toBe('Nordre høgskole')
    await page.context().close()
  })

  it('takes the only result with Enter, says when there is none, and empties with Escape', async () => {
    const { page } = await open('/discovery')
    await page.locator('#q').pressSequentially('zz')
    await expect.poll(() => page.locator('#providers li').count()).toBe(0)
    expect(await page.locator('#no-match').isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('#providers li').count()).toBe(4)
    expect(await page.locator('#no-match').isVisible()).toBe(false)
    expect(await page.inputValue('#q')).toBe('')
    expect(await page.locator('#providers-next').getAttribute('href')).toBe('/discovery?page=2')
    await page.locator('#q').pressSequentially('ou')
    await expect.poll(() => page.locator('#providers-heading').textContent()).toBe('Results for “ou”')
    expect(await rows(page)).toEqual(['Oulun testikoulu'])
    await page.keyboard.press('Enter')
    await page.waitForURL('**/chosen**')
    await page.context().close()
  })

  it('keeps the local part of an e-mail address in the browser', async () => {
    const { page } = await open('/discovery')
    asked.length = 0
    await page.fill('#q', 'lee@test.example')
    await expect.poll(() => page.locator('#providers li').count()).toBe(0)
    expect(asked.at(-1)).toBe('test.example')
    expect(asked.filter((query) => query.includes('lee'))).toEqual([])
    await page.context().close()
  })

  it('is not needed: a form and a link without script', async () => {
    const { page } = await open('/discovery', false)
    await page.fill('#q', 'norges')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/discovery?q=norges')
    await page.click('[data-provider=Norge]')
    await page.waitForURL('**/chosen**')
    await page.context().close()
  })

  it.each([true, false])('sends form_post to the client and nowhere else (script %s)', async (script) => {
    const { page, complaints } = await open(`/leave?target=${encodeURIComponent(`${clientOrigin}/client`)}`, script)
    if (!script) await page.click('#form-post-submit')
    await page.waitForURL(`${clientOrigin}/client`)
    expect(await page.textContent('body')).toBe('arrived')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it.each([true, false])('leaves by the hand-off page, which Back does not show (script %s)', async (script) => {
    const { page, complaints } = await open('/discovery', script)
    await page.goto(`${origin}/handoff?target=${encodeURIComponent(`${clientOrigin}/chosen`)}`)
    await page.waitForURL(`${clientOrigin}/chosen`)
    await page.goBack()
    expect(page.url()).toBe(`${origin}/discovery`)
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
