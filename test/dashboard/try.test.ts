import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { translator } from '../../src/http/messages.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, forms, newBrowser, type Page } from '../support/browser.ts'
import { atDesk, giveRole, type Made, register } from './developer.ts'

// "Try it now" (pages.md P-02): the code flow with an application of one's own, through the real doors, without script; and the consent page
// before people see it (P-06).

let server: TestServer
let ada: Browser
beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'admin')
  ada = await atDesk(server)
})
afterAll(() => server.close())

const path = ({ clientId }: Made): string => `/dashboard/clients/${clientId}/try`
const verdicts = ({ html }: Page): Record<string, string> => Object.fromEntries([...html.matchAll(/data-check="([^"]*)" data-good="([^"]*)"/g)].map(([, name = '', good = '']) => [name, good]))
const statuses = ({ html }: Page): Record<string, string> => Object.fromEntries([...html.matchAll(/data-exchange="([^"]*)"(?: data-status="([^"]*)")?/g)].map(([, name = '', status = '']) => [name, status]))
const startOf = ({ html }: Page): string => (/id="start" href="([^"]*)"/.exec(html)?.[1] ?? '').replaceAll('&amp;', '&')

/** Lets the application take answers here. */
async function ready(browser: Browser, made: Made): Promise<Page> {
  const page = await browser.open(path(made))
  return startOf(page) === '' ? browser.submit(page, 'add', {}) : page
}

/** As far as the page with the answer. */
async function back(browser: Browser, start: string): Promise<Page> {
  let page = await browser.open(`${start}&login_hint=ada`)
  for (let i = 0; i < 4 && !page.url.includes('/dashboard/try'); i++) page = await browser.submit(page, 'decision', { decision: 'allow' })
  return page
}

describe('an application with a secret', () => {
  let made: Made
  beforeAll(async () => {
    made = await register(ada)
  })

  test('takes answers here only after a click, and keeps its own address', async () => {
    const page = await ada.open(path(made))
    expect(startOf(page)).toBe('')
    expect(page.html).toContain(`${server.issuer}/dashboard/try`)
    const after = await ready(ada, made)
    expect(startOf(after)).toContain('/oauth/authorization?response_type=code')
    expect((await ada.open(`/dashboard/clients/${made.clientId}/addresses`)).html).toContain('https://mine.example.org/callback')
  })

  test('goes from the sign-in to a verified ID token and the person, and shows no secret', async () => {
    const came = await back(ada, startOf(await ready(ada, made)))
    expect([verdicts(came), statuses(came)]).toEqual([{ state: 'true', iss: 'true' }, { answer: '' }])
    const traded = await ada.submit(came, 'secret', { secret: made.secret ?? '' })
    expect(statuses(traded)).toEqual({ token: '200', userinfo: '200' })
    expect(verdicts(traded)).toEqual({ signature: 'true', iss: 'true', aud: 'true', exp: 'true', nonce: 'true', sub: 'true' })
    expect(traded.html).not.toContain(made.secret)
    expect(traded.html).not.toContain(Buffer.from(`${made.clientId}:${made.secret}`).toString('base64'))
    // A code is for once; the refusal leads to its diagnosis.
    const again = await ada.submit(came, 'secret', { secret: made.secret ?? '' })
    expect(statuses(again)).toEqual({ token: '400' })
    const diagnosis = /data-diagnosis href="([^"]*)"/.exec(again.html)?.[1] ?? ''
    expect((await ada.open(diagnosis)).status).toBe(200)
  })

  test('a wrong secret is refused at the real door', async () => {
    const came = await back(ada, startOf(await ready(ada, made)))
    expect(statuses(await ada.submit(came, 'secret', { secret: 'ptr_cs_wrong' }))).toEqual({ token: '401' })
  })

  test('an answer that somebody else began, or that was made up, is nobody’s', async () => {
    const shared = await register(ada, { name: 'Of Both', owner: 'org:ntu' })
    const came = new URL((await back(ada, startOf(await ready(ada, shared)))).url)
    await giveRole(server, 'kai', 'ntu', 'admin')
    const kai = await atDesk(server, 'kai')
    expect((await kai.open(path(shared))).status).toBe(200)
    expect((await kai.open(came.pathname + came.search)).status).toBe(404)
    came.searchParams.set('state', `${came.searchParams.get('state')?.slice(0, -1)}_`)
    expect((await ada.open(came.pathname + came.search)).status).toBe(404)
    expect((await ada.open('/dashboard/try?code=x&state=a.b.c')).status).toBe(404)
    expect((await ada.open('/dashboard/try')).status).toBe(404)
  })

  test('a refusal comes back as one', async () => {
    const start = new URL(startOf(await ready(ada, made)), server.issuer)
    start.searchParams.set('prompt', 'none')
    start.searchParams.set('max_age', '0')
    const page = await ada.open(start.pathname + start.search)
    expect(verdicts(page)).toEqual({ state: 'true', iss: 'true', error: 'false' })
    expect(forms(page).some(({ fields }) => 'code' in fields)).toBe(false)
  })
})

test('what was tried is counted, and few are not told', async () => {
  const made = await register(ada, { name: 'Counted' })
  await ada.submit(await back(ada, startOf(await ready(ada, made))), 'secret', { secret: made.secret ?? '' })
  await server.ctx.statistics.flush()
  const { html } = await ada.open(`/dashboard/clients/${made.clientId}/log`)
  expect(/id="week">([^<]*)</.exec(html)?.[1]).toBe('Different people this week: fewer than 5')
  expect([...html.matchAll(/<td data-label="([^"]*)">([^<]*)<\/td>/g)].slice(0, 3).map(([, label, value]) => [label, value])).toEqual([['Sign-ins', 'fewer than 5'], ['Tokens', '1'], ['Refused', '0']])
})

test('an application in the browser needs no secret', async () => {
  const made = await register(ada, { name: 'In the Browser', kind: 'spa' })
  const came = await back(ada, startOf(await ready(ada, made)))
  expect(statuses(await ada.submit(came, 'code', {}))).toEqual({ token: '200', userinfo: '200' })
})

test('a machine has nothing to try, a stranger’s application is not there, and whoever only reads adds nothing', async () => {
  const machine = await register(ada, { name: 'A Machine', kind: 'service', address: '' })
  expect((await ada.open(path(machine))).status).toBe(404)
  expect((await ada.open(`/dashboard/clients/${machine.clientId}`)).html).not.toContain('id="try"')
  const made = await register(ada, { name: 'Of the House', owner: 'org:ntu' })
  await giveRole(server, 'lin', 'ntu', 'member')
  const stranger = newBrowser(server.issuer)
  expect((await stranger.open(path(made))).html).not.toContain('Of the House')
  expect((await ada.open(`/dashboard/clients/${made.clientId}`)).html).toContain(`href="${path(made)}"`)
})

describe('the consent page, before anybody sees it,', () => {
  test.each(['en', 'nb', 'nn', 'fi', 'sv'] as const)('with the approval of one’s institution and without, in %s, and nothing comes of it', async (locale) => {
    const path = `/dashboard/clients/${(await register(ada)).clientId}`
    const links = [...(await ada.open(path)).html.matchAll(/id="preview-(?:approved|none)" href="([^"]+)"/g)].map(([, href = '']) => href)
    expect(links).toEqual([`${path}/preview?approved=1`, `${path}/preview?approved=0`])
    const { text } = translator(locale)
    const institution = 'Norges testuniversitet'
    const consents = () => sql<{ n: string }>`select count(*) as n from consents`.execute(server.ctx.db).then(({ rows }) => rows[0]?.n)
    const before = await consents()
    for (const [href = '', words] of [[links[0], 'consent.institution.approved'], [links[1], 'consent.institution.none']] as const) {
      const page = await ada.open(href, { headers: { 'accept-language': locale } })
      expect([page.status, page.html.includes(`<html lang="${locale}"`), page.html.replaceAll(/<\/?bdi>/g, '').includes(text(words, { institution }))]).toEqual([200, true, true])
    }
    expect(await consents()).toBe(before)
  })
})
