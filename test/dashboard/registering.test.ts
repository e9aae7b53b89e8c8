import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAccount, textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { forms, newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, newPkce, providerLink, walk } from '../support/relying-party.ts'
import { atDesk, faultAt, giveRole, register, takeRole } from './developer.ts'

// From an empty dashboard to an application that signs people in (product.md R1, M6.1; pages.md P-01).

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'developer')
  await giveRole(server, 'lin', 'ntu', 'member')
})
afterAll(() => server.close())

async function atLogin(client_id: string, redirect_uri: string): Promise<Page> {
  const browser = newBrowser(server.issuer)
  const discovery = await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id, redirect_uri }))
  return browser.open(providerLink(discovery, 'ntu'))
}

/** Somebody signs in to the application, and it buys its tokens. */
async function signsIn(client_id: string, secret: string): Promise<void> {
  const [browser, pkce, redirect_uri] = [newBrowser(server.issuer), newPkce(), 'https://mine.example.org/callback']
  const code = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id, redirect_uri })))).get('code') ?? ''
  const answer = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { authorization: basic(client_id, secret) }, body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri, code_verifier: pkce.verifier }) })
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ id_token: expect.any(String), refresh_token: expect.any(String) })])
}

describe('a new developer', () => {
  test('signs in as at any client, sees an empty list, answers four questions and has an id and a secret that work', async () => {
    const browser = newBrowser(server.issuer)
    expect(pageName(await browser.open('/dashboard'))).toBe('discovery')
    const empty = await openAccount(browser, '/dashboard', 'kai')
    expect([viewName(empty), textById(empty, 'empty')]).toEqual(['dashboard-clients', expect.stringContaining('no applications here yet')])
    expect(empty.html).toContain('You act for yourself')
    const form = await browser.open('/dashboard/register?owner=me')
    expect(Object.keys(forms(form).find(({ action }) => action === '/dashboard/register')?.fields ?? {})).toEqual(['csrf', 'client', 'name', 'kind', 'address'])
    const { page, clientId, secret } = await register(browser)
    expect([page.status, viewName(page), clientId, secret]).toEqual([200, 'dashboard-secret', expect.stringMatching(UUID), expect.stringMatching(/^ptr_cs_/)])
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(textById(page, 'discovery')).toBe(`${server.issuer}/.well-known/openid-configuration`)
    const again = await browser.open('/dashboard')
    expect([textById(again, 'empty'), again.html]).toEqual([undefined, expect.stringContaining('My Application')])
    await signsIn(clientId, secret ?? '')
  })

  test('has the file with the settings, and no way to see the secret again', async () => {
    const browser = await atDesk(server)
    const { page, clientId, secret } = await register(browser)
    const file = await browser.submit(page, 'secret', {})
    expect(file.headers.get('content-disposition')).toBe('attachment; filename=".env"')
    expect(file.html).toBe(`OIDC_ISSUER=${server.issuer}\nOIDC_CLIENT_ID=${clientId}\nOIDC_CLIENT_SECRET=${secret}\nOIDC_REDIRECT_URI=https://mine.example.org/callback\n`)
    const other = await browser.submit(page, 'secret', { secret: 'something else\nX=1' })
    expect(other.html).not.toContain('OIDC_CLIENT_SECRET')
    for (const path of ['', '/env']) expect((await browser.open(`/dashboard/clients/${clientId}${path}`)).html).not.toContain(secret)
    expect(server.logged()).not.toContain(secret)
  })

  test.each(['spa', 'native', 'device'])('of kind %s gets a client without a secret', async (kind) => {
    const { page, clientId, secret } = await register(await atDesk(server), { kind, address: kind === 'native' ? 'org.example.app:/callback' : 'https://mine.example.org/callback' })
    expect([viewName(page), clientId, secret]).toEqual(['dashboard-secret', expect.stringMatching(UUID), undefined])
  })

  test('of a program gets one that works without anybody', async () => {
    const { clientId, secret } = await register(await atDesk(server), { kind: 'service', address: '' })
    const answer = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { authorization: basic(clientId, secret) }, body: new URLSearchParams({ grant_type: 'client_credentials' }) })
    expect(answer.status).toBe(200)
  })
})

describe('the form', () => {
  test('sent twice registers once, and leads to what there is', async () => {
    const browser = await atDesk(server)
    const form = await browser.open('/dashboard/register')
    const said = { name: 'Twice', kind: 'web', address: 'https://twice.example.org/cb', owner: 'me' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.submit(form, 'name', said)))
    expect(answers.map(viewName).toSorted()).toEqual([...Array.from({ length: 19 }, () => 'dashboard-client'), 'dashboard-secret'])
    expect((await browser.open('/dashboard?owner=me&q=Twice')).html.match(/data-client=/g)).toHaveLength(1)
  })

  test('takes no id that we did not draw, and no form that is not ours', async () => {
    const browser = await atDesk(server)
    const form = await browser.open('/dashboard/register')
    const said = { name: 'Forged', kind: 'web', address: 'https://forged.example.org/cb', owner: 'me' }
    expect((await browser.submit(form, 'name', { ...said, client: '00000000-0000-4000-8000-000000000000' })).status).toBe(403)
    const elsewhere = await atDesk(server, 'kai')
    const body = new URLSearchParams({ ...forms(form).find(({ action }) => action === '/dashboard/register')?.fields, ...said })
    expect((await elsewhere.open('/dashboard/register', { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status).toBe(403)
  })

  test('says everything that is wrong at once, keeps what was typed, and says what to type instead', async () => {
    const browser = await atDesk(server)
    const form = await browser.open('/dashboard/register')
    const again = await browser.submit(form, 'name', { name: '', kind: 'web', address: 'planner.example.org/cb', owner: 'me' })
    expect([again.status, faultAt(again, 'name'), faultAt(again, 'address')]).toEqual([400, 'Type a name', 'Begin with https:// Type instead: https://planner.example.org/cb'])
    expect(again.html).toMatch(/<title>Error: /)
    expect(again.html).toContain('value="planner.example.org/cb" aria-describedby="address-hint address-err" aria-invalid="true"')
    expect(viewName(await browser.submit(again, 'name', { name: 'Better', address: 'https://planner.example.org/cb', owner: 'me' }))).toBe('dashboard-secret')
  })

  test('takes http only with the warning that everybody sees, and then everybody sees it', async () => {
    const browser = await atDesk(server)
    const form = await browser.open('/dashboard/register')
    const said = { name: 'In the clear', kind: 'web', address: 'http://dev.mine.example/cb', owner: 'me' }
    const again = await browser.submit(form, 'name', said)
    const sentence = 'It uses <bdi>http://dev.mine.example</bdi>, which is not encrypted.'
    expect([again.status, faultAt(again, 'address')]).toEqual([400, expect.stringContaining('Type instead: https://dev.mine.example/cb')])
    expect(again.html).toContain(sentence)
    const { clientId } = await register(browser, { ...said, insecure: '1' })
    const overview = await browser.open(`/dashboard/clients/${clientId}`)
    expect(overview.html).toContain(sentence)
    const login = await atLogin(clientId, said.address)
    expect(login.html).toContain('data-insecure="insecure"')
    expect(login.html).toContain(sentence)
  })

  test('takes no name that has an institution’s in it', async () => {
    const browser = await atDesk(server)
    const again = await browser.submit(await browser.open('/dashboard/register'), 'name', { name: 'Norges testuniversitet login', kind: 'web', address: 'https://x.example.org/cb', owner: 'me' })
    expect([again.status, faultAt(again, 'name')]).toEqual([400, expect.stringContaining('a name that is only yours')])
  })

  test('is for those who may register: a member’s organization is not offered and not taken', async () => {
    const lin = await atDesk(server, 'lin')
    const form = await lin.open('/dashboard/register?owner=org%3Antu')
    expect(form.html).not.toContain('value="org:ntu"')
    const again = await lin.submit(form, 'name', { name: 'For NTU', kind: 'web', address: 'https://x.example.org/cb', owner: 'org:ntu' })
    expect([again.status, faultAt(again, 'owner')]).toEqual([400, 'Choose an owner for whom you may register'])
  })
})

describe('whose it is', () => {
  test('an organization’s is there for all who work for it, and for nobody else', async () => {
    const [ada, lin, kai] = [await atDesk(server), await atDesk(server, 'lin'), await atDesk(server, 'kai')]
    const { clientId } = await register(ada, { owner: 'org:ntu', name: 'Ours' })
    for (const browser of [ada, lin]) expect((await browser.open(`/dashboard/clients/${clientId}`)).html).toContain('You act for <bdi>Norges testuniversitet</bdi>')
    for (const path of [`/dashboard/clients/${clientId}`, '/dashboard?owner=org%3Antu', '/dashboard/register?owner=org%3Antu']) expect([path, (await kai.open(path)).status]).toEqual([path, 404])
  })

  test('a person’s own is there for them alone, and parts of this server are nobody’s', async () => {
    const [ada, lin] = [await atDesk(server), await atDesk(server, 'lin')]
    const { clientId } = await register(ada, { owner: 'me' })
    expect((await ada.open(`/dashboard/clients/${clientId}`)).status).toBe(200)
    expect((await lin.open(`/dashboard/clients/${clientId}`)).status).toBe(404)
    expect((await ada.open('/dashboard/clients/portner-account')).status).toBe(404)
  })

  test('a role that was taken is gone at the next request', async () => {
    const lin = await atDesk(server, 'lin')
    expect((await lin.open('/dashboard/clients/planner')).status).toBe(200)
    await takeRole(server, 'lin', 'ntu')
    expect((await lin.open('/dashboard/clients/planner')).status).toBe(404)
    await giveRole(server, 'lin', 'ntu', 'member')
  })
})

describe('the list', () => {
  test('is found, sorted and paged by its address', async () => {
    const ada = await atDesk(server)
    const names = (html: string): string[] => [...html.matchAll(/<tr data-client[\s\S]*?<bdi>([^<]*)/g)].map(([, name = '']) => name)
    const all = await ada.open('/dashboard?owner=org%3Antu')
    expect(names(all.html)).toContain('Course Planner')
    expect(names((await ada.open('/dashboard?owner=org%3Antu&q=course')).html)).toEqual(['Course Planner'])
    expect(names((await ada.open('/dashboard?owner=org%3Antu&kind=service')).html)).toEqual(['The calendar itself'])
    expect(textById(await ada.open('/dashboard?owner=org%3Antu&q=nothing+like+it'), 'count')).toContain('No application fits')
    expect(names((await ada.open('/dashboard?owner=org%3Antu&sort=kind')).html)[0]).toBe('The calendar itself')
  })
})
