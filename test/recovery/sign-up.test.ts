import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, forms, newBrowser, type Page, pageName } from '../support/browser.ts'
import { type Begun, begin, browserOf, decide, linkOf, redeemed, sendRaw, startAfresh } from '../journeys/person.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'
import { answerOf } from '../support/relying-party.ts'
import { CALLBACK, SECRET } from '../support/world.ts'

let mailbox: Mailbox
let server: TestServer

const GUESTS = `
kind: provider
provider_id: guests
protocol: local
name: Guest accounts
sign_up: open
---
kind: client
client_id: two-places
client_secret: { value: ${SECRET} }
client_name: Two places
redirect_uris: [${CALLBACK}]
login_providers: [guests, strangers]
scope: openid
---
kind: provider
provider_id: strangers
protocol: local
name: Accounts of strangers
sign_up: open
hidden: true
`

beforeAll(async () => {
  mailbox = await startMailbox()
  server = await startTestServer({ env: mailEnv(mailbox) })
  await server.apply(GUESTS)
  await server.apply('kind: client\nclient_id: second\nclient_secret: { value: a-secret-for-tests-with-128-bits-5f2d }\nclient_name: Second\nredirect_uris: [https://second.example.org/callback]\nlogin_providers: [ntu]\nscope: openid\n')
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

const PASSWORD = 'seven lilac teapots sing'
let number = 0

function newAddress(): string {
  number += 1
  return `new-${number}@mail.example`
}

interface Way extends Begun {
  readonly browser: Browser
}

/** To the form, as a client that asks for a new account sends people. */
async function toForm(): Promise<Way> {
  const browser = newBrowser(server.issuer)
  const { page, pkce } = await begin(browser, server.issuer, { prompt: 'create' })
  const form = await browser.open(linkOf(page, 'Guest accounts'))
  expect(pageName(form)).toBe('sign-up')
  return { browser, pkce, page: form }
}

async function fillIn(email: string, changes: Readonly<Record<string, string>> = {}): Promise<Way> {
  const way = await toForm()
  return { ...way, page: await way.browser.submit(way.page, 'email', { name: 'Nina New', email, password: PASSWORD, ...changes }) }
}

async function codeFor(email: string): Promise<string> {
  return /^\d{6}$/m.exec((await mailbox.next(email)).text)?.[0] ?? ''
}

function type(browser: Browser, page: Page, code: string): Promise<Page> {
  return browser.submit(page, 'code', { code })
}

async function accounts(email: string): Promise<number> {
  const { rows } = await sql<{ n: string }>`select count(*) as n from users where username = ${email}`.execute(server.ctx.db)
  return Number(rows[0]?.n)
}

describe('a new account', () => {
  test('is made once its address is proven; the client gets its answer with the state it sent', async () => {
    const email = newAddress()
    const { browser, page, pkce } = await fillIn(email.toUpperCase())
    expect([page.status, pageName(page)]).toEqual([200, 'sign-up-code'])
    expect(await accounts(email)).toBe(0)
    const consent = await type(browser, page, await codeFor(email))
    expect(pageName(consent)).toBe('consent')
    const arrived = await decide(browser, consent, 'allow')
    expect(answerOf(arrived).get('state')).toBe('the-state')
    const { claims, accessToken } = await redeemed(server.issuer, arrived, pkce)
    expect(claims).toMatchObject({ nonce: 'the-nonce', amr: ['pwd'] })
    const userinfo = (await (await fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${String(accessToken)}` } })).json()) as Record<string, unknown>
    expect(userinfo).toMatchObject({ name: 'Nina New' })
  })

  test('signs in with its address and password from then on', async () => {
    const email = newAddress()
    const way = await fillIn(email)
    await type(way.browser, way.page, await codeFor(email))
    const browser = newBrowser(server.issuer)
    const { page } = await begin(browser, server.issuer)
    const login = await browser.open(`${new URL(page.url).pathname.replace(/[^/]*$/, 'login')}?provider=guests`)
    expect(login.html).toContain('Create an account')
    expect(pageName(await browser.submit(login, 'username', { username: email, password: PASSWORD }))).toBe('consent')
  })

  test('is offered to whoever is signed in already, who may go on instead', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page } = await begin(browser, server.issuer, { prompt: 'create' })
    expect(pageName(page)).toBe('sign-up-where')
    expect(pageName(await browser.open(linkOf(page, 'existing')))).toBe('chooser')
  })

  test('is made where the person chooses, of the places that the client accepts', async () => {
    const browser = newBrowser(server.issuer)
    const { page } = await begin(browser, server.issuer, { prompt: 'create', client_id: 'two-places', scope: 'openid' })
    expect(pageName(page)).toBe('sign-up-where')
    expect(pageName(await browser.open(linkOf(page, 'Accounts of strangers')))).toBe('sign-up')
    const refused = newBrowser(server.issuer)
    const { page: nowhere } = await begin(refused, server.issuer, { prompt: 'create', client_id: 'second', redirect_uri: 'https://second.example.org/callback', scope: 'openid' })
    expect(pageName(nowhere)).toBe('login')
    const path = new URL(nowhere.url).pathname.replace(/login$/, 'sign-up')
    expect(pageName(await refused.open(`${path}?provider=guests`))).not.toBe('sign-up')
  })

  test('is not made where the operator has not opened it', async () => {
    const way = await toForm()
    const path = new URL(way.page.url).pathname
    const closed = await way.browser.open(`${path}?provider=ntu`, { method: 'POST', body: new URLSearchParams({ ...forms(way.page)[0]?.fields, name: 'x', email: 'eve@ntu.example', password: PASSWORD }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(pageName(closed)).not.toBe('sign-up-code')
    expect(mailbox.received).toEqual([])
  })
})

describe('a form', () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['no name', { name: ' ' }, 'name-error'],
    ['no address', { email: 'nina' }, 'email-error'],
    ['a header in the address', { email: 'a@mail.example\r\nBcc: eve@evil.example' }, 'email-error'],
    ['two addresses', { email: 'a@mail.example,b@mail.example' }, 'email-error'],
    ['a common password', { password: 'password1' }, 'password-error'],
    ['a short password', { password: 'q7#Zp' }, 'password-error'],
    ['a password made of the name', { password: 'nina-new' }, 'password-error'],
  ])('with %s is shown again with what was typed but the password, and sends nothing', async (_, changes, error) => {
    const { page } = await fillIn(newAddress(), changes)
    expect([page.status, pageName(page)]).toEqual([400, 'sign-up'])
    expect(page.html).toContain(`id="${error}"`)
    expect(page.html).not.toContain(changes['password'] ?? PASSWORD)
    expect(mailbox.received).toEqual([])
  })

  test('that is not ours is refused', async () => {
    const { browser, page } = await toForm()
    expect((await sendRaw(browser, page, { name: 'x', email: newAddress(), password: PASSWORD })).status).toBe(403)
  })
})

describe('somebody who has an account', () => {
  test('gets the same page, a mail that says so, and no code that works', async () => {
    const email = newAddress()
    const first = await fillIn(email)
    await type(first.browser, first.page, await codeFor(email))
    const [again, other] = [await fillIn(email), await fillIn(newAddress())]
    const plain = (page: Page) => [page.status, page.html.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|value="[^"]*"/g, '')]
    expect(plain(again.page)).toEqual(plain(other.page))
    const mail = await mailbox.next(email)
    expect(mail.subject).toBe('You have an account already')
    expect(mail.text).not.toMatch(/\b\d{6}\b/)
    expect(pageName(await type(again.browser, again.page, '000000'))).toBe('sign-up-code')
    expect(await accounts(email)).toBe(1)
  })

  test('of two sign-ups with one address, one becomes an account', async () => {
    const email = newAddress()
    const [one, other] = [await fillIn(email), await fillIn(email)]
    const codes = [await codeFor(email), await codeFor(email)]
    const pages = await Promise.all([type(one.browser, one.page, codes[0] ?? ''), type(other.browser, other.page, codes[1] ?? '')])
    expect(pages.map(pageName).sort()).toEqual(['consent', 'sign-up-code'])
    expect(await accounts(email)).toBe(1)
  })
})

describe('a code', () => {
  test('has six tries', async () => {
    const email = newAddress()
    const { browser, page } = await fillIn(email)
    const code = await codeFor(email)
    const wrong = code === '000000' ? '111111' : '000000'
    for (let i = 0; i < 5; i++) expect((await type(browser, page, wrong)).html).toContain('The code is not right')
    expect((await type(browser, page, wrong)).html).toContain('does not work any more')
    expect((await type(browser, page, code)).html).toContain('does not work any more')
    expect(await accounts(email)).toBe(0)
  })

  test('typed a hundred times at once makes one account', async () => {
    const email = newAddress()
    const { browser, page } = await fillIn(email)
    const code = await codeFor(email)
    const pages = await Promise.all(Array.from({ length: 100 }, () => type(browser, page, code).catch(() => undefined)))
    expect(pages.some((one) => one !== undefined && pageName(one) === 'consent')).toBe(true)
    expect(await accounts(email)).toBe(1)
    const signUps = server.logged().split('\n').filter((line) => line.includes('user.signed_up')).length
    const { rows } = await sql<{ n: string }>`select count(*) as n from users where username like 'new-%'`.execute(server.ctx.db)
    expect(signUps).toBe(Number(rows[0]?.n))
  })

  test('works in the browser that asked for it, for twenty minutes', async () => {
    const email = newAddress()
    const { browser, page } = await fillIn(email)
    const code = await codeFor(email)
    const thief = await toForm()
    const codePage = await thief.browser.open(`${new URL(thief.page.url).pathname}/code`)
    expect((await type(thief.browser, codePage, code)).html).toContain('does not work any more')
    await server.advance(1201)
    expect((await type(browser, page, code)).html).toContain('does not work any more')
    await server.advance(-1201)
    expect(await accounts(email)).toBe(0)
  })

  test('is asked for five times an hour', async () => {
    const email = newAddress()
    for (let i = 0; i < 5; i++) expect(pageName((await fillIn(email)).page)).toBe('sign-up-code')
    const { page } = await fillIn(email)
    expect([page.status, pageName(page)]).toEqual([429, 'sign-up'])
  })
})

test('discovery says that create is known', async () => {
  const metadata = (await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json()) as { prompt_values_supported: string[] }
  expect(metadata.prompt_values_supported).toContain('create')
})
