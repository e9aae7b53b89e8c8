import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setUserStatus } from '../../src/users/store.ts'
import { openAccount, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { begin, chooseProvider, decide, fieldsOf, redeemed, sendRaw, startAfresh } from '../journeys/person.ts'
import type { Pkce } from '../support/relying-party.ts'
import { assertion, attest, type Authenticator, newAuthenticator, type Signing } from './authenticator.ts'
import { afterPassword, codeNow, giveApp, userIdOf } from './person.ts'

// What a passkey proves, and what an authenticator that lies gets.

let server: TestServer
let ada: Authenticator
let lin: Authenticator

/** The challenge of a page's options. */
async function challengeAt(browser: Browser, path: string): Promise<string> {
  const { html } = await browser.open(path)
  return (JSON.parse(html) as { publicKey: { challenge: string } }).publicKey.challenge
}

/** Registers an authenticator on somebody's account page. Returns the page after it. */
async function register(username: string, authenticator: Authenticator, changes: Partial<Signing> = {}, browser = newBrowser(server.issuer)): Promise<Page> {
  const page = await openAccount(browser, '/account/two-step/passkeys', username)
  expect(viewName(page)).toBe('account-passkey-new')
  const challenge = await challengeAt(browser, '/account/two-step/passkeys/options')
  return browser.submit(page, 'credential', { credential: attest(authenticator, { challenge, origin: server.issuer, ...changes }), name: `The phone of ${username}` })
}

interface AtLogin {
  readonly browser: Browser
  readonly page: Page
  readonly pkce: Pkce
  readonly path: string
  readonly challenge: string
}

async function atLogin(providerId = 'ntu', changes: Readonly<Record<string, string>> = {}): Promise<AtLogin> {
  const browser = newBrowser(server.issuer)
  const { page: first, pkce } = await begin(browser, server.issuer, changes)
  const page = pageName(first) === 'discovery' ? await chooseProvider(browser, first, providerId) : first
  const path = new URL(page.url).pathname.replace(/\/login$/, '')
  return { browser, page, pkce, path, challenge: await challengeAt(browser, `${path}/passkey-options?provider=${providerId}`) }
}

function usePasskey({ browser, page, challenge }: AtLogin, authenticator: Authenticator, changes: Partial<Signing> = {}): Promise<Page> {
  return browser.submit(page, 'credential', { credential: assertion(authenticator, { challenge, origin: server.issuer, ...changes }) })
}

beforeAll(async () => {
  server = await startTestServer()
  ;[ada, lin] = [newAuthenticator(), newAuthenticator()]
  await register('ada', ada)
  await register('lin', lin)
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

describe('a passkey in the place of name and password', () => {
  test('says who it is and is two factors', async () => {
    const at = await atLogin('ntu', { claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['https://refeds.org/profile/mfa'] } } }) })
    const page = await usePasskey(at, ada)
    const { claims } = await redeemed(server.issuer, await decide(at.browser, page, 'allow'), at.pkce)
    expect(claims).toMatchObject({ sub: await userIdOf(server, 'ada'), acr: 'https://refeds.org/profile/mfa', amr: ['hwk', 'user', 'mfa'] })
  })

  test('is asked for with a name of nobody, and says that its owner must be verified', async () => {
    const { browser, path } = await atLogin()
    const { html } = await browser.open(`${path}/passkey-options?provider=ntu`)
    expect(JSON.parse(html)).toMatchObject({ lifetime: 300, publicKey: { rpId: 'localhost', userVerification: 'required', timeout: 300_000 } })
    expect((JSON.parse(html) as { publicKey: object }).publicKey).not.toHaveProperty('allowCredentials')
  })

  const lies: readonly (readonly [string, Partial<Signing>])[] = [
    ['whose owner was not verified', { userVerified: false }],
    ['that nobody touched', { userPresent: false }],
    ['at another origin', { origin: 'https://localhost.example' }],
    ['at another port', { origin: 'http://localhost:1' }],
    ['for another host', { rpId: 'example.org' }],
    ['that was made to register', { type: 'webauthn.create' }],
    ['with a challenge of its own', { challenge: Buffer.alloc(54, 7).toString('base64url') }],
    ['with no challenge', { challenge: '' }],
    ['whose counter stands still', { counter: 0 }],
    ['that says to be somebody else', { userHandle: Buffer.alloc(16, 1).toString('base64url') }],
  ]
  test.each(lies)('is refused %s', async (_how, lie) => {
    // The counter of the good one has moved on before.
    const good = await atLogin()
    expect(pageName(await usePasskey(good, ada))).toBe('consent')
    const { counter } = ada
    const page = await usePasskey(await atLogin(), ada, lie)
    ada.counter = Math.max(counter, ada.counter)
    expect([pageName(page), page.status]).toEqual(['login', 401])
    expect(page.html).toContain('id="passkey-error"')
  })

  test('is refused with a counter that goes back, as from a copy', async () => {
    await usePasskey(await atLogin(), ada, { counter: 50 })
    expect(pageName(await usePasskey(await atLogin(), ada, { counter: 49 }))).toBe('login')
    ada.counter = 50
    expect(pageName(await usePasskey(await atLogin(), ada))).toBe('consent')
  })

  test('is refused when it is signed by another key', async () => {
    const thief = { ...newAuthenticator(), credentialId: ada.credentialId, counter: 1000 }
    expect(pageName(await usePasskey(await atLogin(), thief))).toBe('login')
    expect(pageName(await usePasskey(await atLogin(), newAuthenticator()))).toBe('login')
  })

  test('a challenge serves its own journey, its own browser, and once', async () => {
    const [one, other] = await Promise.all([atLogin(), atLogin()])
    expect(pageName(await usePasskey({ ...one, challenge: other.challenge }, ada))).toBe('login')
    expect(pageName(await usePasskey(one, ada))).toBe('consent')
    const again = await atLogin()
    const answer = assertion(ada, { challenge: again.challenge, origin: server.issuer })
    const before = await loginsOfAda()
    const tabs = await Promise.all(Array.from({ length: 20 }, () => sendRaw(tabOf(again.browser), { ...again.page, html: formOf(again.page) }, { ...fieldsOf({ ...again.page, html: formOf(again.page) }), credential: answer })))
    expect(tabs.every(({ status }) => status < 500)).toBe(true)
    expect((await loginsOfAda()) - before).toBe(1)
  })

  test('a challenge is over after five minutes', async () => {
    const at = await atLogin()
    await server.advance(301)
    expect(pageName(await usePasskey(at, ada))).toBe('login')
  })

  test('of a locked person, of another organization, or where only others are taken, is refused as a password is', async () => {
    await setUserStatus(server.ctx.db, await userIdOf(server, 'ada'), 'locked')
    const locked = await usePasskey(await atLogin(), ada)
    expect([locked.status, /data-error="locked"/.test(locked.html)]).toEqual([403, true])
    await setUserStatus(server.ctx.db, await userIdOf(server, 'ada'), 'active')
    expect(pageName(await usePasskey(await atLogin('lunmal'), ada))).toBe('login')
    const only = await atLogin('ntu', { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback' })
    const elsewhere = await only.browser.open(`${only.path}/passkey-options?provider=lunmal`)
    expect(elsewhere.status).toBe(404)
  })

  test('a form of no page of ours is refused', async () => {
    const at = await atLogin()
    const credential = assertion(ada, { challenge: at.challenge, origin: server.issuer })
    const answer = await at.browser.open(`${at.path}/passkey?provider=ntu`, { method: 'POST', body: new URLSearchParams({ credential }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(answer.status).toBe(403)
  })

  test.each(['', 'x', '{}', '[]', 'null', '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}}'])('nonsense is refused politely: %s', async (credential) => {
    const { browser, page } = await atLogin()
    const answer = await browser.submit(page, 'credential', { credential })
    expect([pageName(answer), answer.status]).toEqual(['login', 401])
  })
})

async function loginsOfAda(): Promise<number> {
  await server.ctx.audit.flush()
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from audit_events where event = 'login' and user_id = ${await userIdOf(server, 'ada')}`.execute(server.ctx.db)
  return rows[0]?.count ?? 0
}

/** Another tab of the same browser. */
function tabOf({ cookies }: Browser): Browser {
  const tab = newBrowser(server.issuer)
  for (const [name, value] of cookies) tab.cookies.set(name, value)
  return tab
}

/** The form of a page that passkeys go through, alone. */
function formOf(page: Page): string {
  return /<form id="passkey-form"[\s\S]*?<\/form>/.exec(page.html)?.[0] ?? ''
}

describe('a passkey after the password', () => {
  async function asked(username = 'lin'): Promise<{ browser: Browser; page: Page; challenge: string }> {
    const { browser, page } = await afterPassword(server, username)
    expect([pageName(page), /data-passkey=/.test(page.html)]).toEqual(['factor', true])
    const path = new URL(page.url).pathname.replace(/\/factor$/, '')
    return { browser, page, challenge: await challengeAt(browser, `${path}/factor-options`) }
  }

  test('need not verify its owner: the password has', async () => {
    const { browser, page, challenge } = await asked()
    expect(pageName(await browser.submit(page, 'credential', { credential: assertion(lin, { challenge, origin: server.issuer, userVerified: false }) }))).toBe('consent')
  })

  test('must be that person\'s own', async () => {
    const { browser, page, challenge } = await asked()
    const answer = await browser.submit(page, 'credential', { credential: assertion(ada, { challenge, origin: server.issuer }) })
    expect([pageName(answer), answer.status]).toEqual(['factor', 401])
  })

  test('is not counted: a passkey that fails locks nobody out', async () => {
    const { browser, page: first, challenge: old } = await asked()
    let page = first
    for (let i = 0; i < 12; i++) page = await browser.submit(page, 'credential', { credential: assertion(lin, { challenge: old, origin: 'https://elsewhere.example' }) })
    const challenge = await challengeAt(browser, `${new URL(page.url).pathname.replace(/\/factor$/, '')}/factor-options`)
    expect(pageName(await browser.submit(page, 'credential', { credential: assertion(lin, { challenge, origin: server.issuer }) }))).toBe('consent')
  })

  test('a challenge of the sign-in page is none of this one', async () => {
    const { browser, page } = await asked()
    const { challenge } = await atLogin()
    expect(pageName(await browser.submit(page, 'credential', { credential: assertion(lin, { challenge, origin: server.issuer }) }))).toBe('factor')
  })
})

describe('the account page', () => {
  test('takes a credential once, for one person', async () => {
    const again = await register('kai', ada)
    expect(again.html).toContain('The passkey was not added')
    expect((await register('kai', newAuthenticator(), { origin: 'https://elsewhere.example' })).html).toContain('The passkey was not added')
    expect((await register('kai', newAuthenticator(), { rpId: 'example.org' })).html).toContain('The passkey was not added')
  })

  test('renames and removes one\'s own, and knows nothing of another\'s', async () => {
    const browser = newBrowser(server.issuer)
    const spare = newAuthenticator()
    const codes = await register('kai', spare, {}, browser)
    expect(pageName(codes)).toBe('recovery-codes')
    const one = await browser.open(`/account/two-step/passkeys/${spare.credentialId}`)
    const renamed = await browser.submit(one, 'name', { name: 'A key on a ring', decision: 'rename' })
    expect(renamed.html).toContain('A key on a ring')
    expect((await browser.open(`/account/two-step/passkeys/${ada.credentialId}`)).status).toBe(404)
    const theirs = await sendRaw(browser, { ...one, html: one.html.replaceAll(spare.credentialId, ada.credentialId) }, { ...fieldsOf(one), decision: 'remove' })
    expect(theirs.status).toBe(403)
    const gone = await browser.submit(one, 'name', { decision: 'remove' })
    expect(gone.html).toContain('The passkey was removed')
    expect(gone.html).not.toContain(spare.credentialId)
    expect(pageName((await afterPassword(server, 'kai')).page)).toBe('consent')
  })

  test('asks for a recent sign-in, and tells why', async () => {
    const browser = newBrowser(server.issuer)
    await openAccount(browser, '/account/two-step', 'kai')
    await server.advance(601)
    const page = await browser.open('/account/two-step/app')
    expect([viewName(page), /changes how you prove/.test(page.html)]).toEqual(['account-again', true])
  })

  test('asks for the second factor itself on a device that is not asked for it', async () => {
    await giveApp(server, 'kai')
    const { browser, page } = await afterPassword(server, 'kai')
    await browser.submit(page, 'code', { code: codeNow(server), trust: '1' })
    await server.advance(9 * 86_400)
    expect(pageName((await afterPassword(server, 'kai', {}, {}, browser)).page)).toBe('consent')
    const refused = await browser.open('/account/two-step/app')
    expect(viewName(refused)).toBe('account-again')
    const href = (/id="sign-in-again" href="([^"]+)"/.exec(refused.html)?.[1] ?? '').replaceAll('&amp;', '&')
    const asked = await browser.open(href)
    expect(pageName(asked)).toBe('factor')
    expect(viewName(await browser.submit(asked, 'code', { code: codeNow(server) }))).toBe('account-app')
  })
})
