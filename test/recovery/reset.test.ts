import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { forms, newBrowser, pageName } from '../support/browser.ts'
import { browserOf, linkOf, redeemed, sendRaw, signIn, startAfresh } from '../journeys/person.ts'
import { expectNobody } from '../upstream/journey.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'
import { answerOf } from '../support/relying-party.ts'
import { choose, forget, mailedLink, toLogin } from './way.ts'

let mailbox: Mailbox
let server: TestServer
beforeAll(async () => {
  mailbox = await startMailbox()
  server = await startTestServer({ env: { ...mailEnv(mailbox), PORTNER_TRUST_PROXY: '127.0.0.1/32,::1/128' } })
})
afterEach(async () => {
  await startAfresh(server)
  await sql`delete from mails`.execute(server.ctx.db)
  mailbox.received.length = 0
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})

const NEW = 'seven lilac teapots sing'
const ADDRESS = 'ada@ntu.example'

describe('a forgotten password', () => {
  test('leads over a mail to a new one, and the journey goes on where it was', async () => {
    const elsewhere = await browserOf(server.issuer, 'ada')
    const { browser, page, pkce } = await forget(server, 'ada')
    expect([page.status, pageName(page)]).toEqual([200, 'forgotten-sent'])
    const link = await mailedLink(server, mailbox, ADDRESS)
    const done = await choose(browser, await browser.open(link), NEW)
    expect(pageName(done)).toBe('reset-done')
    await expectNobody(server, elsewhere)
    expect((await mailbox.next(ADDRESS)).subject).toBe('Your password was changed')
    const login = await browser.open(linkOf(done, 'continue'))
    expect((await signIn(browser, login, 'ada')).status).toBe(401)
    const arrived = await signIn(browser, login, 'ada', { password: NEW })
    expect(answerOf(arrived).get('state')).toBe('the-state')
    expect((await redeemed(server.issuer, arrived, pkce)).claims).toMatchObject({ nonce: 'the-nonce' })
  })

  test('works by e-mail address, in the language of the page, and on another device, which learns nothing of the journey', async () => {
    const way = await toLogin(server, 'ntu', { 'accept-language': 'nb' })
    const asked = await way.browser.open(linkOf(way.page, 'Glemt passord'))
    await way.browser.submit(asked, 'username', { username: ' ADA@ntu.example ' })
    const link = /^http\S+$/m.exec((await mailbox.next(ADDRESS)).text)?.[0] ?? ''
    const telephone = newBrowser(server.issuer)
    const done = await choose(telephone, await telephone.open(link), NEW)
    expect(pageName(done)).toBe('reset-done')
    expect(done.url).toBe(`${server.issuer}/recovery/done`)
    expect(done.html).not.toContain('/signin/')
  })

  test('opens the account to the new one also after many wrong guesses', async () => {
    const { browser, page } = await toLogin(server)
    for (let i = 0; i < 9; i++) await signIn(browser, page, 'ada', { password: `guess ${i}` })
    const way = await forget(server, 'ada')
    await choose(way.browser, await way.browser.open(await mailedLink(server, mailbox, ADDRESS)), NEW)
    expect(pageName(await signIn(browser, page, 'ada', { password: NEW }))).toBe('consent')
  })
})

describe('a link', () => {
  async function link(username = 'ada'): Promise<string> {
    await forget(server, username)
    return mailedLink(server, mailbox, ADDRESS)
  }

  test('is not used by being looked at, and works once', async () => {
    const address = await link()
    const browser = newBrowser(server.issuer)
    for (let i = 0; i < 3; i++) expect(pageName(await browser.open(address))).toBe('reset')
    await choose(browser, await browser.open(address), NEW)
    const again = await browser.open(address)
    expect([again.status, pageName(again)]).toEqual([410, 'reset-over'])
  })

  test('used by a hundred at once is used by one', async () => {
    const address = await link()
    const form = forms(await newBrowser(server.issuer).open(address))[0]
    const attempts = Array.from({ length: 100 }, async (_, i) => {
      const response = await fetch(address, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ ...form?.fields, password: `${NEW} ${i}` }) })
      return response.headers.get('location') ?? String(response.status)
    })
    const answers = await Promise.all(attempts)
    expect(answers.filter((answer) => answer.startsWith('/recovery/done'))).toHaveLength(1)
    // The hasher turns the rest away, or the link is over by then.
    expect(answers.filter((answer) => !answer.startsWith('/recovery/done') && answer !== '410' && !answer.endsWith('?problem=busy'))).toEqual([])
    const winner = answers.findIndex((answer) => answer.startsWith('/recovery/done'))
    const { browser, page } = await toLogin(server)
    expect(pageName(await signIn(browser, page, 'ada', { password: `${NEW} ${winner}` }))).toBe('consent')
  })

  test('is over after twenty minutes, and when another one was used', async () => {
    const [first, second] = [await link(), await link()]
    const browser = newBrowser(server.issuer)
    await choose(browser, await browser.open(second), NEW)
    expect((await browser.open(first)).status).toBe(410)
    const third = await link()
    await server.advance(1201)
    expect((await browser.open(third)).status).toBe(410)
    await server.advance(-1201)
  })

  test('is over when the person is locked', async () => {
    const address = await link()
    await sql`update users set status = 'locked' where username = 'ada'`.execute(server.ctx.db)
    expect((await newBrowser(server.issuer).open(address)).status).toBe(410)
    await sql`update users set status = 'active' where username = 'ada'`.execute(server.ctx.db)
  })

  test.each(['', 'x', 'ptr_rl_', `ptr_rl_${'A'.repeat(70)}`, '%00', 'done?provider=../../x&journey=x'])('that is none of ours (%s) is a page', async (token) => {
    expect((await newBrowser(server.issuer).open(`${server.issuer}/recovery/${token}`)).status).toBeLessThan(500)
  })

  test('takes no form but its own page’s', async () => {
    const address = await link()
    const browser = newBrowser(server.issuer)
    const page = await browser.open(address)
    expect((await sendRaw(browser, page, { csrf: 'x', password: NEW })).status).toBe(403)
    expect((await sendRaw(browser, page, { ...forms(page)[0]?.fields, password: NEW }, { origin: 'https://evil.example' })).status).toBe(403)
    expect(pageName(await browser.open(address))).toBe('reset')
  })

  test('leads to the issuer, whatever host the wish named', async () => {
    const way = await toLogin(server)
    const asked = await way.browser.open(linkOf(way.page, 'Forgotten password'))
    await way.browser.open(forms(asked)[0]?.action ?? '', { method: 'POST', body: new URLSearchParams({ ...forms(asked)[0]?.fields, username: 'ada' }), headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' } })
    await forget(server, 'ada')
    const { text, raw } = await mailbox.next(ADDRESS)
    expect(text).toContain(`${server.issuer}/recovery/`)
    expect(raw).not.toContain('evil.example')
  })
})

describe('known or not', () => {
  test('the page is the same, and a mail goes only to a confirmed address of somebody here', async () => {
    const names = ['ada', 'nobody', 'lin', 'kai', 'nobody@ntu.example', 'ada@ntu.example\r\nBcc: eve@evil.example', '"><script>']
    const pages = []
    for (const name of names) {
      const { page } = await forget(server, name)
      pages.push([page.status, page.html.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID'), [...page.headers.keys()].join()])
    }
    expect(new Set(pages.map((page) => JSON.stringify(page))).size).toBe(1)
    await mailbox.next(ADDRESS)
    await server.ctx.mail.deliver()
    expect(mailbox.received).toEqual([])
  })

  test('the same rows are written', async () => {
    const rows = async () => (await sql<{ links: string; mails: string; attempts: string }>`select (select count(*) from reset_links) as links, (select count(*) from mails) as mails, (select count(*) from attempts) as attempts`.execute(server.ctx.db)).rows[0]
    mailbox.refuse = { at: 'data', status: 451 }
    const difference = async (name: string) => {
      const before = await rows()
      await forget(server, name)
      const after = await rows()
      await server.ctx.mail.deliver()
      return [Number(after?.links) - Number(before?.links), Number(after?.mails) - Number(before?.mails)]
    }
    const [known, unknown] = [await difference('ada'), await difference('nobody')]
    mailbox.refuse = undefined
    expect([known, unknown]).toEqual([[1, 1], [1, 1]])
  })

  test('a mailbox gets five mails an hour, by whichever name, and the sixth says so for an unknown one too', async () => {
    for (const name of ['ada', 'nobody']) {
      for (let i = 0; i < 5; i++) expect(pageName((await forget(server, name)).page)).toBe('forgotten-sent')
      const { page } = await forget(server, name)
      expect([page.status, pageName(page)]).toEqual([429, 'forgotten'])
      expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(3000)
    }
    // The other name of the same account is none the wiser, and fills no mailbox.
    expect(pageName((await forget(server, ADDRESS)).page)).toBe('forgotten-sent')
    for (let i = 0; i < 5; i++) await mailbox.next(ADDRESS)
    await server.ctx.mail.deliver()
    expect(mailbox.received).toEqual([])
  })

  test('a network asks thirty times an hour, over all names', async () => {
    const ask = async (i: number, from: string) => (await forget(server, `made-up-${i}`, await toLogin(server, 'ntu', { 'x-forwarded-for': from }))).page.status
    for (let i = 0; i < 30; i++) expect(await ask(i, '192.0.2.1')).toBe(200)
    expect(await ask(31, '192.0.2.77')).toBe(429)
    expect(await ask(32, '198.51.100.1')).toBe(200)
  })
})

describe('where there is no mail', () => {
  test('nothing is offered and nothing is there', async () => {
    const plain = await startTestServer()
    const { browser, page } = await toLogin(plain)
    expect(page.html).not.toContain('forgotten')
    const path = new URL(page.url).pathname.replace(/login$/, 'forgotten')
    expect(pageName(await browser.open(`${path}?provider=ntu`))).not.toBe('forgotten')
    await plain.close()
  })

  test('a mail server that is away shows the same page', async () => {
    const away = await startMailbox()
    const env = mailEnv(away)
    await away.close()
    const alone = await startTestServer({ env })
    expect(pageName((await forget(alone, 'ada')).page)).toBe('forgotten-sent')
    await alone.close()
  })
})
