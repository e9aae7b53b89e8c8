import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { answered, begin, browserOf, chooseProvider, decide, sendRaw, signIn, startAfresh } from '../journeys/person.ts'
import { textById } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'
import { type Parameters, post, basic } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// What the person's own institution says to an application: agreed, nothing, chosen for everybody, or not at all; and whom one asks then.

const HELP = 'apps@ntu.example'
const second: Parameters = { client_id: 'second', redirect_uri: 'https://second.example.org/callback' }

let mailbox: Mailbox
let server: TestServer
beforeAll(async () => {
  mailbox = await startMailbox()
  server = await startTestServer({ env: mailEnv(mailbox) })
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})
beforeEach(() => startAfresh(server))

/** The organization `ntu` with this in its declaration. */
async function ntu(more: string): Promise<void> {
  await server.apply(`kind: organization\norganization_id: ntu\nname: { en: Norges testuniversitet }\nrealms: [ntu.example]\ncountry: 'no'\n${more}`)
}

async function arrive(username = 'ada', changes: Parameters = second, browser: Browser = newBrowser(server.issuer)): Promise<{ readonly browser: Browser; readonly page: Page }> {
  const { page: discovery } = await begin(browser, server.issuer, changes)
  return { browser, page: await signIn(browser, await chooseProvider(browser, discovery, username === 'kai' ? 'lunmal' : 'ntu'), username) }
}

describe('the line of the institution on the consent page', () => {
  test('says that there is an agreement, and that there is none', async () => {
    const { page: none } = await arrive()
    expect([pageName(none), none.html.includes('has no agreement with this application')]).toEqual(['consent', true])
    await ntu('approved_clients: [second]\n')
    const { page: approved } = await arrive()
    expect(approved.html).toMatch(/Norges testuniversitet<\/bdi> has approved this application/)
  })

  test('takes the institution’s own application for agreed', async () => {
    const { page } = await arrive('ada', {})
    expect(page.html).toMatch(/has approved this application/)
  })
})

describe('an application that the institution has chosen for everybody', () => {
  test('is used without a question by its people, also without a page; others are asked', async () => {
    await ntu('mandatory_clients: [second]\n')
    const { browser, page } = await arrive()
    expect(answered(page)).toHaveProperty('code')
    expect(answered((await begin(browser, server.issuer, { ...second, prompt: 'none' })).page)).toHaveProperty('code')
    expect(pageName((await arrive('kai')).page)).toBe('consent')
  })

  test('still asks where it asks to ask', async () => {
    await ntu('mandatory_clients: [second]\n')
    const { browser } = await arrive()
    expect(pageName((await begin(browser, server.issuer, { ...second, prompt: 'consent', login_hint: 'ada' })).page)).toBe('consent')
  })
})

describe('an application that the institution does not let its people use', () => {
  test('ends at a page that says so and names whom to ask; the client hears it when the person goes back', async () => {
    await ntu(`blocked_clients: [second]\ncontact: { name: { en: The application desk }, url: 'https://help.ntu.example/apps' }\n`)
    const { browser, page } = await arrive()
    expect([pageName(page), page.status]).toEqual(['not-allowed', 403])
    expect(page.html).toContain('has blocked')
    expect(textById(page, 'whom')).toBe('The application desk')
    expect(page.html).toContain('href="https://help.ntu.example/apps"')
    expect(page.html).not.toContain('id="ask"')
    expect(answered(await browser.submit(page, 'decision', { decision: 'leave' }))).toMatchObject({ error: 'access_denied', error_reason: 'client_not_allowed', state: 'the-state', iss: server.issuer })
    expect(pageName((await arrive('kai')).page)).toBe('consent')
  })

  test('gets nothing without a page either, nor by what the person allowed before', async () => {
    await ntu('')
    const browser = await browserOf(server.issuer, 'ada', second)
    await ntu('blocked_clients: [second]\n')
    expect(answered((await begin(browser, server.issuer, { ...second, prompt: 'none' })).page)).toMatchObject({ error: 'interaction_required' })
    const { page } = await begin(browser, server.issuer, { ...second, login_hint: 'ada' })
    expect([pageName(page), textById(page, 'whom')]).toEqual(['not-allowed', 'The help desk of Norges testuniversitet .'])
  })

  test('gets nothing by a consent form that was open meanwhile', async () => {
    await ntu('')
    const { browser, page } = await arrive()
    await ntu('blocked_clients: [second]\n')
    expect(pageName(await decide(browser, page, 'allow'))).toBe('not-allowed')
  })

  test('is any that is not agreed to, where the institution wants it so', async () => {
    await ntu('approved_clients: [spa]\nother_clients: blocked\n')
    expect((await arrive()).page.html).toContain('only applications that it has an agreement with')
    await ntu('approved_clients: [second]\nother_clients: blocked\n')
    expect(pageName((await arrive()).page)).toBe('consent')
  })

  test('is one by a password that it takes itself, too', async () => {
    await ntu('')
    await server.apply(`kind: client\nclient_id: old\nclient_secret: { value: ${SECRET} }\nclient_name: Old\nprofile: legacy\ncompatibility: [password]\ngrant_types: [password]\nlogin_providers: [ntu]\nscope: openid\n`)
    const ask = () => post(server.issuer, '/oauth/token', { grant_type: 'password', username: 'ada', password: 'ada has a password', scope: 'openid' }, { authorization: basic('old') })
    expect((await ask()).status).toBe(200)
    await ntu('blocked_clients: [old]\n')
    expect(await ask()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })
})

describe('asking the institution', () => {
  test('sends it one letter with who asks for what, however often the button is pressed', async () => {
    await ntu(`blocked_clients: [second]\ncontact: { email: ${HELP} }\n`)
    const { browser, page } = await arrive()
    const after = await Promise.all(Array.from({ length: 100 }, () => browser.submit(page, 'decision', { decision: 'ask' })))
    expect(textById(after[0] ?? page, 'status')).toBe('You have asked Norges testuniversitet . The answer comes from there.')
    expect(after[0]?.html).not.toContain('id="ask"')
    const letter = await mailbox.next(HELP)
    for (const text of ['Ada Example (ada@ntu.example)', 'Second Client', '(second)']) expect(letter.text).toContain(text)
    await server.ctx.mail.deliver()
    expect(mailbox.received).toEqual([])
    await server.advance(31 * 86_400)
    const { browser: later, page: again } = await arrive()
    await later.submit(again, 'decision', { decision: 'ask' })
    expect((await mailbox.next(HELP)).text).toContain('Second Client')
  })

  test('takes no form of others', async () => {
    await ntu(`blocked_clients: [second]\ncontact: { email: ${HELP} }\n`)
    const { browser, page } = await arrive('lin')
    expect((await sendRaw(browser, page, { decision: 'ask', csrf: 'other' })).status).toBe(403)
    const { rows } = await sql`select from client_wishes join users using (user_id) where username = 'lin'`.execute(server.ctx.db)
    expect(rows).toEqual([])
  })
})

describe('where children use only what was chosen for them', () => {
  const born = (birthdate: string) => server.apply(`kind: user\nusername: mia\npassword: { value: mia has a password }\norganization: ntu\nclaims: { name: Mia Example, birthdate: '${birthdate}' }\n`)
  const year = () => new Date(server.ctx.clock.now()).getUTCFullYear()
  const nameFor = async (): Promise<string | undefined> => {
    const browser = newBrowser(server.issuer)
    const login = await chooseProvider(browser, (await begin(browser, server.issuer, second)).page, 'ntu')
    return pageName(await signIn(browser, login, 'mia', { password: 'mia has a password' }))
  }

  test('a child comes to a page, somebody older to the consent, and nobody without a date of birth is taken for a child', async () => {
    await ntu('mandatory_clients_only_below: 13\n')
    await born(`${year() - 10}-05-17`)
    expect(await nameFor()).toBe('not-allowed')
    await born(`${year() - 13}`)
    expect(await nameFor()).toBe('not-allowed')
    await born(`${year() - 14}-05-17`)
    expect(await nameFor()).toBe('consent')
    await born('0000-05-17')
    expect(await nameFor()).toBe('consent')
  })

  test('the chosen ones are open to a child, without a question', async () => {
    await ntu('mandatory_clients_only_below: 13\nmandatory_clients: [second]\n')
    await born(`${year() - 10}-05-17`)
    expect(await nameFor()).toBeUndefined()
  })
})
