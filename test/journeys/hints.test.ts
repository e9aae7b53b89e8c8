import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { saveSamlEntities } from '../../src/upstream/saml-entities.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, newPkce, type Parameters } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'
import { decide, linkOf, signIn } from './person.ts'

// A client, or an address, that says where its person signs in: with one institution nobody has to choose; what names none is no error.

const ENTITY = 'https://idp.turku.example/metadata'

const documents = `
kind: organization
organization_id: turku
name: Turun testikorkeakoulu
realms: [turku.example, utu.example]
country: fi
---
kind: provider
provider_id: turku
protocol: local
name: Turun testikorkeakoulu
organization: turku
---
kind: provider
provider_id: lunmal-guests
protocol: local
name: Guests in Lunmal
organization: lunmal
---
kind: provider
provider_id: closed
protocol: local
name: Closed Academy
realms: [closed.example]
disabled: true
---
kind: provider
provider_id: secret-school
protocol: local
name: School that is not listed
realms: [school.example]
hidden: true
---
kind: client
client_id: only-norway
client_secret: { value: ${SECRET} }
client_name: Only Norway
redirect_uris: [https://norway.example.org/callback]
login_providers: ['country:no']
scope: openid profile
client_uri: https://norway.example.org
`

const NORWAY = { client_id: 'only-norway', redirect_uri: 'https://norway.example.org/callback', scope: 'openid profile' }

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(documents)
  await saveSamlEntities(server.ctx.db, [{ providerId: 'turku', facts: { entity_id: ENTITY, sign_on: [{ binding: 'redirect', location: 'https://idp.turku.example/sso' }], certificates: ['MA=='], name_id_formats: [], want_authn_requests_signed: false, scopes: [] } }])
})
afterAll(() => server.close())

async function begin(parameters: Parameters, browser: Browser = newBrowser(server.issuer)): Promise<{ readonly browser: Browser; readonly page: Page }> {
  return { browser, page: await browser.open(authorizationUrl(server.issuer, newPkce(), parameters)) }
}

function providerOf(page: Page): string | null {
  return pageName(page) === 'login' ? new URL(page.html.match(/id="login-form" method="post" action="([^"]*)"/)?.[1]?.replaceAll('&amp;', '&') ?? '', server.issuer).searchParams.get('provider') : null
}

describe('one institution is named, and its page comes at once', () => {
  test.each<[string, Parameters]>([
    ['a provider', { idp_hint: 'turku' }],
    ['a provider, under the other name of the parameter', { kc_idp_hint: 'turku' }],
    ['a domain of its organization', { idp_hint: 'utu.example' }],
    ['its organization', { idp_hint: 'turku' }],
    ['a SAML entity', { idp_hint: ENTITY }],
    ['a domain_hint', { domain_hint: 'turku.example' }],
    ['a domain_hint in capitals', { domain_hint: 'TURKU.example' }],
    ['an address', { login_hint: 'maija@turku.example' }],
    ['an address below its domain', { login_hint: 'maija@students.cs.turku.example' }],
    ['only the domain of an address', { login_hint: '@turku.example' }],
    ['a realm with bars', { login_hint: 'feide|realm|turku.example' }],
    ['a realm and a person with bars', { login_hint: 'feide|realm|turku.example|maija@turku.example' }],
    ['a SAML entity with bars', { login_hint: `edugain|${ENTITY}` }],
    ['a provider with bars', { login_hint: 'other|turku' }],
    ['a social provider with bars', { login_hint: 'social|turku' }],
    ['the first hint that names any', { idp_hint: 'nobody', login_hint: 'maija@turku.example', domain_hint: 'ntu.example' }],
    ['one that is not listed', { idp_hint: 'secret-school' }],
  ])('%s', async (name, parameters) => {
    const { page } = await begin(parameters)
    expect(providerOf(page)).toBe(name.includes('not listed') ? 'secret-school' : 'turku')
  })

  test('the address of an organization', async () => {
    const browser = newBrowser(server.issuer)
    const address = authorizationUrl(server.issuer, newPkce(), { idp_hint: 'ntu' }).replace('/oauth/authorization', '/at/turku/oauth/authorization')
    expect(providerOf(await browser.open(address))).toBe('turku')
    expect(pageName(await newBrowser(server.issuer).open(address.replace('/at/turku/', '/at/nobody/')))).toBe('discovery')
    expect((await fetch(address, { method: 'POST' })).status).toBe(405)
  })

  test('the person who is named stands in the field', async () => {
    for (const login_hint of ['feide|realm|turku.example|maija@turku.example', 'maija@turku.example']) expect((await begin({ login_hint })).page.html).toMatch(/name="username"[^>]*value="maija@turku.example"/)
    expect((await begin({ login_hint: '@turku.example' })).page.html).toMatch(/name="username"[^>]*value=""/)
  })

  test('and the sign-in reaches the client, who may still be somebody of another institution', async () => {
    const { browser, page } = await begin({ idp_hint: 'ntu' })
    const consent = await signIn(browser, page, 'ada')
    expect(answerOf(await decide(browser, consent, 'allow')).get('code')).not.toBeNull()
    const other = await browser.open(linkOf((await begin({ idp_hint: 'turku' }, newBrowser(server.issuer))).page, 'Not your institution?'))
    expect(other.status).toBeGreaterThanOrEqual(200)
  })
})

describe('nothing or too much is named, and the person chooses', () => {
  test.each<[string, Parameters]>([
    ['what nobody knows', { idp_hint: 'nobody' }],
    ['a domain that nobody has', { domain_hint: 'nowhere.example' }],
    ['a top level', { domain_hint: 'example' }],
    ['an address of nobody', { login_hint: 'maija@nowhere.example' }],
    ['a name without a domain', { login_hint: 'maija' }],
    ['all', { login_hint: 'feide|all' }],
    ['a provider that is not there', { login_hint: 'idporten' }],
    ['bars without an end', { login_hint: 'feide|realm|' }],
    ['bars only', { login_hint: '||||' }],
    ['an entity that nobody knows', { login_hint: 'edugain|https://nobody.example/' }],
    ['an institution that is closed', { idp_hint: 'closed' }],
    ['the domain of one that is closed', { login_hint: 'a@closed.example' }],
    ['an organization with two', { idp_hint: 'lunmal.example' }],
    ['signs', { idp_hint: "'; drop table providers; --", domain_hint: '%00', login_hint: '|\u202E' }],
    ['a very long hint', { idp_hint: 'x'.repeat(900) }],
  ])('%s', async (_name, parameters) => {
    const { page } = await begin(parameters)
    expect(page.status).toBe(200)
    expect(pageName(page)).toBe('discovery')
  })

  test('two that are named come before the others', async () => {
    const { page } = await begin({ idp_hint: 'lunmal.example' })
    const rows = [...page.html.matchAll(/data-provider="([^"]+)"/g)].map(([, id]) => id)
    expect(rows.slice(0, 2).toSorted()).toEqual(['lunmal', 'lunmal-guests'])
  })
})

describe('an institution that the client does not accept', () => {
  test('named by a hint: the list, with the reason in words and without a link', async () => {
    for (const hint of [{ idp_hint: 'turku' }, { login_hint: 'maija@turku.example' }]) {
      const { page } = await begin({ ...NORWAY, ...hint })
      expect(pageName(page)).toBe('discovery')
      expect(page.html).toMatch(/<div class="row off" data-provider="turku">/)
      expect(page.html).toContain('Only Norway')
      expect(page.html).not.toMatch(/<a[^>]*data-provider="turku"/)
    }
  })

  test('named by an address: a page that names the client and leads back there, or to the list', async () => {
    const { browser, page } = await begin(NORWAY)
    const refused = await browser.open(page.url.replace(/discovery.*/, 'login?provider=turku'))
    expect(refused.status).toBe(403)
    expect(pageName(refused)).toBe('provider-refused')
    expect(refused.html).toContain('Only Norway')
    expect(refused.html).toContain('Turun testikorkeakoulu')
    expect(pageName(await browser.open(linkOf(refused, 'other-provider')))).toBe('discovery')
    const forged = await browser.open(refused.url.replace(/login.*/, 'leave-discovery'), { method: 'POST', body: 'decision=leave', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(forged.status).toBe(403)
    const back = answerOf(await browser.submit(refused, 'decision', { decision: 'leave' }))
    expect(back.get('error')).toBe('access_denied')
  })

  test('a form for it signs nobody in', async () => {
    const { browser, page } = await begin(NORWAY)
    const form = await browser.open(page.url.replace(/discovery.*/, 'login?provider=ntu'))
    const cheated = { ...form, html: form.html.replaceAll('provider=ntu', 'provider=turku') }
    const answer = await signIn(browser, cheated, 'ada')
    expect(pageName(answer)).toBe('discovery')
  })

  test('whoever signed in there before is not taken for this client: asked for again after login', async () => {
    const browser = newBrowser(server.issuer)
    await server.apply("kind: client\nclient_id: fickle\nclient_secret: { value: a-secret-for-tests-with-128-bits-5f2d }\nclient_name: Fickle\nredirect_uris: [https://fickle.example.org/callback]\nlogin_providers: [ntu, lunmal]\nconsent: implied\nscope: openid\n")
    const fickle = { client_id: 'fickle', redirect_uri: 'https://fickle.example.org/callback', scope: 'openid' }
    const form = (await begin({ ...fickle, idp_hint: 'ntu' }, browser)).page
    await server.apply("kind: client\nclient_id: fickle\nclient_secret: { value: a-secret-for-tests-with-128-bits-5f2d }\nclient_name: Fickle\nredirect_uris: [https://fickle.example.org/callback]\nlogin_providers: [lunmal, lunmal-guests]\nconsent: implied\nscope: openid\n")
    const after = await signIn(browser, form, 'ada')
    expect(pageName(after)).toBe('discovery')
    expect(answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { ...fickle, prompt: 'none' }))).get('error')).toBe('login_required')
  })
})

async function finish(browser: Browser, page: Page): Promise<void> {
  const last = pageName(page) === 'consent' ? await decide(browser, page, 'allow') : page
  expect(answerOf(last).get('code')).not.toBeNull()
}

describe('people this browser knows', () => {
  test('a hint for their institution shows them, one for another does not', async () => {
    const { browser, page } = await begin({ idp_hint: 'ntu' })
    await finish(browser, await signIn(browser, page, 'ada'))
    expect(pageName((await begin({ idp_hint: 'ntu' }, browser)).page)).toBe('chooser')
    expect(providerOf((await begin({ idp_hint: 'turku' }, browser)).page)).toBe('turku')
    expect(pageName((await begin({ idp_hint: 'turku', prompt: 'select_account' }, browser)).page)).toBe('chooser')
  })

  test('"use another account" leads to the list, whatever the client named', async () => {
    const { browser, page } = await begin({ idp_hint: 'ntu' })
    await finish(browser, await signIn(browser, page, 'ada'))
    const chooser = (await begin({ idp_hint: 'ntu' }, browser)).page
    expect(pageName(await browser.open(chooser.url.replace(/chooser.*/, 'other')))).toBe('discovery')
  })
})
