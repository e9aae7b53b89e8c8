import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { answerOf, providerLink } from '../support/relying-party.ts'
import { accountRows, answered, begin, browserOf, chooseProvider, decide, firstSignIn, linkOf, pick, redeemed, signIn, startAfresh } from './person.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

describe('coming back', () => {
  test('discovery, login, consent, callback; the next time the chooser, and one click', async () => {
    const browser = newBrowser(server.issuer)
    const { page: discovery } = await begin(browser, server.issuer)
    expect(pageName(discovery)).toBe('discovery')
    const login = await chooseProvider(browser, discovery, 'ntu')
    expect(pageName(login)).toBe('login')
    const consent = await signIn(browser, login, 'ada')
    expect(pageName(consent)).toBe('consent')
    expect(answered(await decide(browser, consent, 'allow'))).toMatchObject({ state: 'the-state', iss: server.issuer })

    const { page: chooser } = await begin(browser, server.issuer)
    expect(pageName(chooser)).toBe('chooser')
    expect(accountRows(chooser).map(({ text }) => text)).toEqual(['AE Ada Example ada@ntu.example Norges testuniversitet Signed in'])
    expect(answered(await pick(browser, chooser, 'Ada'))).toHaveProperty('code')
  })

  test('a client with one provider shows no discovery', async () => {
    const { page } = await begin(newBrowser(server.issuer), server.issuer, { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback' })
    expect(pageName(page)).toBe('login')
    expect(page.html).not.toContain('Not your institution')
  })

  test('prompt=select_account shows the chooser whatever else the client says, the hinted account on top', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page: arrived, pkce } = await begin(browser, server.issuer, { login_hint: 'ada@ntu.example' })
    const { idToken } = await redeemed(server.issuer, arrived, pkce)
    await firstSignIn(browser, server.issuer, 'lin')
    for (const changes of [{}, { login_hint: 'ada@ntu.example' }, { id_token_hint: idToken }, { max_age: '1000' }]) {
      const { page } = await begin(browser, server.issuer, { prompt: 'select_account', ...changes })
      expect(pageName(page), JSON.stringify(changes)).toBe('chooser')
      if ('login_hint' in changes || 'id_token_hint' in changes) expect(accountRows(page)[0]?.text).toContain('Ada Example')
    }
  })

  test('prompt=select_account shows the chooser to the person of a client with one provider too', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page } = await begin(browser, server.issuer, { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback', prompt: 'select_account' })
    expect(pageName(page)).toBe('chooser')
  })
})

describe('several accounts in one browser', () => {
  test('each is one click; login_hint picks; signing one out leaves the other', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    await firstSignIn(browser, server.issuer, 'kai')
    const { page: chooser } = await begin(browser, server.issuer)
    expect(accountRows(chooser).map(({ text }) => text)).toEqual(['KE Kai Example kai Lunmal University College Signed in', 'AE Ada Example ada@ntu.example Norges testuniversitet Signed in'])

    const hinted = await begin(browser, server.issuer, { login_hint: 'ada@ntu.example' })
    const ada = await redeemed(server.issuer, hinted.page, hinted.pkce)
    const other = await begin(browser, server.issuer, { login_hint: 'kai' })
    const kai = await redeemed(server.issuer, other.page, other.pkce)
    expect(ada.claims['sub']).not.toBe(kai.claims['sub'])

    const left = await browser.open(`/oauth/logout?${new URLSearchParams({ id_token_hint: ada.idToken, post_logout_redirect_uri: 'https://planner.example.org/' })}`)
    expect(left.url).toBe('https://planner.example.org/')
    const { page: after } = await begin(browser, server.issuer)
    expect(accountRows(after).map(({ text }) => text.match(/Signed in|Sign in again/)?.[0])).toEqual(['Signed in', 'Sign in again'])
    expect(answered((await begin(browser, server.issuer, { prompt: 'none', login_hint: 'kai' })).page)).toHaveProperty('code')
    expect(answered((await begin(browser, server.issuer, { prompt: 'none', login_hint: 'ada' })).page)).toMatchObject({ error: 'login_required' })
  })

  test('accounts that the client does not take are listed last, with the reason, and cannot be picked', async () => {
    const browser = await browserOf(server.issuer, 'kai')
    await firstSignIn(browser, server.issuer, 'ada')
    await firstSignIn(browser, server.issuer, 'kai', { prompt: 'login' })
    const { page } = await begin(browser, server.issuer, { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback' })
    const rows = accountRows(page)
    expect(rows.map(({ text }) => text.split(' ')[1])).toEqual(['Ada', 'Kai'])
    expect(rows[1]?.text).toContain('Only for NTU')
    const again = await browser.submit(page, 'account', { account: rows[1]?.id ?? '' })
    expect(pageName(again)).toBe('chooser')
  })

  test('a third account is signed in by "Use another account", and comes out of it as itself', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page: chooser } = await begin(browser, server.issuer)
    const discovery = await browser.open(linkOf(chooser, 'chooser-other'))
    expect(pageName(discovery)).toBe('discovery')
    expect(pageName(await signIn(browser, await chooseProvider(browser, discovery, 'ntu'), 'lin'))).toBe('consent')
  })
})

describe('forgetting', () => {
  test('an account is removed from the device, not deleted; after the last one comes discovery', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    await firstSignIn(browser, server.issuer, 'lin')
    const { page: chooser } = await begin(browser, server.issuer)
    const manage = await browser.open(linkOf(chooser, 'Remove accounts from this device'))
    expect(pageName(manage)).toBe('chooser-manage')
    expect(manage.html).toMatch(/only removes an account from this device/i)
    const idOf = (name: string) => accountRows(manage).find(({ text }) => text.includes(name))?.id ?? ''
    const one = await browser.submit(manage, 'remove', { remove: idOf('Ada') })
    expect(one.html).toMatch(/id="removed"[^>]*autofocus/)
    expect(accountRows(one).map(({ text }) => text).join()).not.toContain('Ada')
    const none = await browser.submit(one, 'remove', { remove: idOf('Lin') })
    expect(pageName(none)).toBe('discovery')
    expect(pageName((await begin(browser, server.issuer)).page)).toBe('discovery')
    expect(answered((await begin(browser, server.issuer, { prompt: 'none' })).page)).toMatchObject({ error: 'login_required' })
    expect(answered(await firstSignIn(browser, server.issuer, 'ada'))).toHaveProperty('code')
  })

  test('a remembered institution is first in discovery, and is forgotten by its own button', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page: chooser } = await begin(browser, server.issuer)
    const discovery = await browser.open(linkOf(chooser, 'chooser-other'))
    const remembered = /id="remembered"[\s\S]*?<\/ul>/.exec(discovery.html)?.[0] ?? ''
    expect(remembered).toContain('data-provider="ntu"')
    expect(remembered).toContain('aria-label="Forget Norges testuniversitet"')
    const after = await browser.submit(discovery, 'csrf', {})
    expect(pageName(after)).toBe('discovery')
    expect(after.html).not.toContain('id="remembered"')
    expect(providerLink(after, 'ntu')).not.toBe('')
  })

  test('on a shared computer nothing is remembered, and the next journey finds nobody signed in', async () => {
    const browser = newBrowser(server.issuer)
    await firstSignIn(browser, server.issuer, 'ada', {}, { shared_computer: '1' })
    expect(pageName((await begin(browser, server.issuer)).page)).toBe('discovery')
    expect(answered((await begin(browser, server.issuer, { prompt: 'none' })).page)).toMatchObject({ error: 'login_required' })
    expect(answered((await begin(browser, server.issuer, { prompt: 'none', login_hint: 'ada' })).page)).toMatchObject({ error: 'login_required' })
  })

  test('a shared computer forgets an account that it had remembered', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    await firstSignIn(browser, server.issuer, 'ada', { prompt: 'login' }, { shared_computer: '1' })
    expect(pageName((await begin(browser, server.issuer)).page)).toBe('discovery')
  })
})

test('nothing personal is in a cookie, nor in an address of the journey', async () => {
  const browser = newBrowser(server.issuer)
  const { page: discovery } = await begin(browser, server.issuer)
  const login = await chooseProvider(browser, discovery, 'ntu')
  const consent = await signIn(browser, login, 'ada')
  answerOf(await decide(browser, consent, 'allow'))
  const { page: chooser } = await begin(browser, server.issuer)
  const seen = [...browser.cookies, discovery.url, login.url, consent.url, chooser.url].join(' ')
  expect(seen).not.toMatch(/ada[ .@]|ada%40|ada.?example|example\.org|planner/i)
  const cookies = new Map(browser.cookies)
  // A digest of who is signed in, for the frames of clients.
  expect(cookies.get('portner_login_state')).toMatch(/^[\w-]{22}$/)
  cookies.delete('portner_login_state')
  expect(cookies.size).toBe(2)
  for (const value of cookies.values()) expect(value).toMatch(/^ptr_(bs|dv)_[\w-]+$/)
})
