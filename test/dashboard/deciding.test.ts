import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findRequestStates } from '../../src/apis/requests.ts'
import { readClient } from '../../src/clients/store.ts'
import { textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, forms, newBrowser, type Page } from '../support/browser.ts'
import { authorizationUrl, newPkce } from '../support/relying-party.ts'
import { atDesk, giveRole, register } from './developer.ts'

// An API, its scopes, who asks for them, and who says yes or no (pages.md P-08; product.md M6.4).

let server: TestServer
let [ada, kai]: Browser[] = []
beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'admin')
  await giveRole(server, 'kai', 'lunmal', 'admin')
  await giveRole(server, 'lin', 'ntu', 'member')
  ada = await atDesk(server)
  kai = await atDesk(server, 'kai')
})
afterAll(() => server.close())

function at(browser: Browser | undefined): Browser {
  if (browser === undefined) throw new Error('nobody is signed in')
  return browser
}

/** Presses a button of the form that names a scope. */
async function decide(browser: Browser, page: Page, scope: string, fields: Readonly<Record<string, string>>): Promise<Page> {
  const form = forms(page).find((one) => one.fields['scope'] === scope && one.fields['client'] === fields['client'])
  if (form === undefined) throw new Error(`nothing about ${scope} on ${page.url}`)
  return browser.open(form.action, { method: 'POST', body: new URLSearchParams({ ...form.fields, ...fields }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
}

async function stateOf(clientId: string, scope: string): Promise<string | undefined> {
  const client = await readClient(server.ctx.db, clientId)
  return (await findRequestStates(server.ctx, client?.key ?? '')).get(scope)
}

describe('an API', () => {
  test('is registered for an organization and gets scopes with words for people', async () => {
    const page = await at(ada).open('/dashboard/apis/new?owner=org%3Antu')
    const wrong = await at(ada).submit(page, 'api_id', { api_id: 'No', name: 'Lists' })
    expect([wrong.status, wrong.html]).toEqual([400, expect.stringContaining('api_id must be a lower-case letter')])
    const made = await at(ada).submit(wrong, 'api_id', { api_id: 'lists', name: 'Reading lists', approval: 'owner' })
    expect([viewName(made), textById(made, 'status')]).toEqual(['dashboard-api', expect.stringContaining('registered')])
    const twice = await at(ada).submit(page, 'api_id', { api_id: 'lists', name: 'Again' })
    expect(twice.status).toBe(409)
    for (const [name, approval] of [['write', 'owner'], ['marks', 'organization']] as const) {
      const form = await at(ada).open('/dashboard/apis/lists/scopes/new')
      const empty = await at(ada).submit(form, 'title-en', { name, 'title-en': '' })
      expect([empty.status, empty.html]).toEqual([400, expect.stringContaining('Type the title in English at least')])
      const open = await at(ada).submit(form, 'title-en', { name, 'title-en': 'For all', 'description-en': 'Says what it does.', approval: 'auto' })
      expect([open.status, open.html]).toEqual([400, expect.stringContaining('in every language')])
      const saved = await at(ada).submit(empty, 'title-en', { name, 'title-en': `${name} your lists`, 'title-nb': `${name} på norsk`, 'description-en': 'Says what it does.', approval })
      expect(saved.html).toContain(`gk_lists_${name}`)
    }
  })

  test('of others is not there, and a member changes nothing', async () => {
    expect((await at(kai).open('/dashboard/apis/lists')).status).toBe(404)
    const lin = await atDesk(server, 'lin')
    expect([(await lin.open('/dashboard/apis/lists')).status, (await lin.open('/dashboard/apis/lists/scopes/new')).status, (await lin.open('/dashboard/apis/new?owner=org%3Antu')).status]).toEqual([200, 403, 403])
  })
})

describe('a scope', () => {
  test('is asked for, waits, is approved by the API’s owner, and then asked of people', async () => {
    const { clientId } = await register(at(kai), { owner: 'org:lunmal', name: 'List Reader' })
    const path = `/dashboard/clients/${clientId}/access`
    const unknown = await at(kai).submit(await at(kai).open(path), 'add', { add: 'gk_lists_nothing', act: 'ask' })
    expect([unknown.status, textById(unknown, 'add-err')]).toEqual([400, expect.stringContaining('No API here has such a scope')])
    const asked = await at(kai).submit(unknown, 'add', { add: 'gk_lists_write', act: 'ask' })
    expect(asked.html).toMatch(/data-wish="gk_lists_write" data-state="requested"/)
    expect(await stateOf(clientId, 'gk_lists_write')).toBe('requested')

    const inbox = await at(ada).open('/dashboard/requests?owner=org%3Antu')
    expect(inbox.html).toContain('<bdi>List Reader</bdi>, run by <bdi>Lunmal University College</bdi>, asks for')
    for (const scope of ['gk_lists', 'gk_lists_write']) expect(textById(await decide(at(ada), await at(ada).open('/dashboard/requests?owner=org%3Antu'), scope, { client: clientId, act: 'grant' }), 'status')).toBe('Approved, from now on.')
    expect((await at(kai).open(path)).html).toMatch(/data-wish="gk_lists_write" data-state="granted"/)
    const answer = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: clientId, redirect_uri: 'https://mine.example.org/callback', scope: 'openid gk_lists gk_lists_write' }))
    expect(answer.status).toBe(200)
  })

  test('is refused with a reason that the client’s owner reads, and not without one', async () => {
    const { clientId } = await register(at(kai), { owner: 'org:lunmal', name: 'Too Curious' })
    const path = `/dashboard/clients/${clientId}/access`
    await at(kai).submit(await at(kai).open(path), 'add', { add: 'gk_lists', act: 'ask' })
    const inbox = await at(ada).open('/dashboard/requests?owner=org%3Antu')
    const silent = await decide(at(ada), inbox, 'gk_lists', { client: clientId, act: 'refuse', reason: ' ' })
    expect([silent.status, textById(silent, 'status')]).toEqual([400, expect.stringContaining('Say why')])
    await decide(at(ada), inbox, 'gk_lists', { client: clientId, act: 'refuse', reason: 'Not for this purpose <b>' })
    const seen = await at(kai).open(path)
    expect(seen.html).toMatch(/data-wish="gk_lists" data-state="refused"/)
    expect(seen.html).toContain('Not for this purpose &#60;b&#62;')
    const early = await at(kai).submit(seen, 'scope', { scope: 'gk_lists', act: 'again' })
    expect(textById(early, 'status')).toContain('a day later')
    expect(textById(await decide(at(ada), inbox, 'gk_lists', { client: clientId, act: 'refuse', reason: 'again' }), 'status')).toContain('nothing to decide')
  })

  test('that organizations decide about is refused by one for its own people', async () => {
    const { clientId } = await register(at(ada), { owner: 'me', name: 'Mark Collector' })
    await at(ada).submit(await at(ada).open(`/dashboard/clients/${clientId}/access`), 'add', { add: 'gk_lists_marks', act: 'ask' })
    const inbox = await at(kai).open('/dashboard/requests?owner=org%3Alunmal')
    expect(inbox.html).toContain('lunmal.example')
    expect(inbox.html).not.toContain('ntu.example')
    await decide(at(kai), inbox, 'gk_lists_marks', { client: clientId, act: 'refuse', reason: 'Our students’ marks stay here' })
    const access = await at(ada).open(`/dashboard/clients/${clientId}/access`)
    expect(access.html).toContain('<bdi>lunmal.example</bdi> has refused it.')
    expect((await at(kai).open('/dashboard/requests?owner=org%3Alunmal')).html).toMatch(/data-request="[^"]*gk_lists_marks[^"]*" data-state="refused"/)
  })

  test('is decided by nobody else: not by the asker, not by a member, not for another’s people', async () => {
    const { clientId } = await register(at(kai), { owner: 'org:lunmal', name: 'Hopeful' })
    await at(kai).submit(await at(kai).open(`/dashboard/clients/${clientId}/access`), 'add', { add: 'gk_lists', act: 'ask' })
    const lin = await atDesk(server, 'lin')
    expect((await lin.open('/dashboard/requests?owner=org%3Antu')).html).not.toContain('data-request')
    const csrf = /name="csrf" value="([^"]+)"/.exec((await at(kai).open('/dashboard/requests?owner=org%3Alunmal')).html)?.[1] ?? ''
    const post = (fields: Readonly<Record<string, string>>) => at(kai).open('/dashboard/requests?owner=org%3Alunmal', { method: 'POST', body: new URLSearchParams({ csrf, client: clientId, ...fields }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect((await post({ scope: 'gk_lists', act: 'grant' })).status).toBe(404)
    expect((await post({ scope: 'gk_lists_marks', realm: 'ntu.example', act: 'grant' })).status).toBe(404)
    expect(await stateOf(clientId, 'gk_lists')).toBe('requested')
  })
})

describe('the standard scopes', () => {
  test('are ticked, and may be left to people', async () => {
    const { clientId } = await register(at(ada))
    const page = await at(ada).open(`/dashboard/clients/${clientId}/access`)
    await at(ada).submit(page, 'scope_profile', { scope_phone: '1', optional_phone: '1', act: 'save' })
    expect((await readClient(server.ctx.db, clientId))?.metadata).toMatchObject({ scope: 'openid profile email phone', optional_scopes: ['phone'] })
  })
})

describe('the log', () => {
  test('has what failed with the way to its diagnosis, for those who develop', async () => {
    const { clientId } = await register(at(ada), { owner: 'org:ntu', name: 'Failing' })
    expect(textById(await at(ada).open(`/dashboard/clients/${clientId}/log`), 'empty')).toContain('Nothing')
    await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: clientId, redirect_uri: 'https://mine.example.org/callback/' }))
    const page = await at(ada).open(`/dashboard/clients/${clientId}/log`)
    const reference = /data-trace="([^"]+)"/.exec(page.html)?.[1] ?? ''
    expect(page.html).toContain('The redirect URI is not one that the client registered.')
    expect((await at(ada).open(`/dashboard/diagnosis/${reference}`)).status).toBe(200)
    expect((await (await atDesk(server, 'lin')).open(`/dashboard/clients/${clientId}/log`)).status).toBe(403)
    expect((await at(kai).open(`/dashboard/clients/${clientId}/log`)).status).toBe(404)
  })
})
