import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiSecrets } from '../../src/apis/api-secrets.ts'
import { listApis } from '../../src/apis/store.ts'
import { textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, forms, type Page } from '../support/browser.ts'
import { atDesk, giveRole } from './developer.ts'

// An API as a whole: where the gatekeeper finds it, what it proves itself with there, and switching it off (issue 6 parts 1 and 3).

let server: TestServer
let [ada, kai, lin]: Browser[] = []
beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'developer')
  await giveRole(server, 'kai', 'lunmal', 'admin')
  await giveRole(server, 'lin', 'ntu', 'member')
  ;[ada, kai, lin] = await Promise.all([atDesk(server), atDesk(server, 'kai'), atDesk(server, 'lin')])
  await at(ada).submit(await at(ada).open('/dashboard/apis/new?owner=org%3Antu'), 'api_id', { api_id: 'lists', name: 'Reading lists' })
})
afterAll(() => server.close())

const PATH = '/dashboard/apis/lists/settings'
const SECRET = 'what-the-api-knows-us-by'

function at(browser: Browser | undefined): Browser {
  if (browser === undefined) throw new Error('nobody is signed in')
  return browser
}

/** An API as the database has it now. */
async function kept(id = 'lists') {
  const row = (await listApis(server.ctx.db)).find((one) => one.id === id)
  return { document: row?.document ?? {}, declared: row?.declared, sealed: row?.secret === undefined ? undefined : Buffer.from(row.secret, 'base64') }
}

/** Saves the form with these fields; what it shows otherwise stays. */
async function save(fields: Readonly<Record<string, string>>, path = PATH, browser = ada): Promise<Page> {
  return at(browser).submit(await at(browser).open(path), 'upstream', { act: 'save', ...fields })
}

async function press(act: 'off' | 'on'): Promise<Page> {
  const form = forms(await at(ada).open(PATH)).find(({ fields }) => !('upstream' in fields) && 'csrf' in fields)
  return at(ada).open(PATH, { method: 'POST', body: new URLSearchParams({ ...form?.fields, act }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
}

describe('the gatekeeper', () => {
  test('is told where the API is and how to prove itself; the secret is sealed and never shown', async () => {
    const saved = await save({ upstream: 'https://lists.example.org/v1', auth: 'basic', username: 'portner', secret: SECRET, timeout: '15' })
    expect([viewName(saved), textById(saved, 'status')]).toEqual(['dashboard-api', 'The settings are saved.'])
    const { document, sealed } = await kept()
    expect(document).toMatchObject({ upstream: 'https://lists.example.org/v1', upstream_auth: { type: 'basic', username: 'portner' }, upstream_timeout: 15 })
    expect(apiSecrets.unseal(server.ctx, 'lists', sealed)).toBe(SECRET)
    for (const path of [PATH, '/dashboard/apis/lists']) expect((await at(ada).open(path)).html).not.toContain(SECRET)
    expect(server.logged()).not.toContain(SECRET)
  })

  test('keeps the secret while address and way stay, and forgets it when they do not: nobody sends it elsewhere', async () => {
    await save({ timeout: '20' })
    expect(apiSecrets.unseal(server.ctx, 'lists', (await kept()).sealed)).toBe(SECRET)
    await save({ upstream: 'https://another.example.org' })
    expect((await kept()).sealed).toBeUndefined()
  })

  test.each([
    [{ upstream: 'ftp://lists.example.org' }, 'must be an http or https URL'],
    [{ upstream: 'https://me:secret@lists.example.org' }, 'must have no user name'],
    [{ upstream: '' , auth: 'bearer' }, 'needs an upstream'],
    [{ timeout: '0' }, 'upstream_timeout'],
    [{ timeout: 'soon' }, 'upstream_timeout'],
    [{ auth: 'header', header: 'Cookie', secret: SECRET }, 'is not a header to prove oneself with'],
    [{ auth: 'bearer', secret: 'short' }, 'must be 8 to 1024 characters'],
    [{ auth: 'mtls', certificate: 'no certificate' }, 'must be a certificate in PEM'],
    [{ 'name-en': '', 'name-nb': '' }, 'name'],
  ])('takes %j no more than a file may say it', async (fields, message) => {
    const before = JSON.stringify(await kept())
    const page = await save(fields)
    expect([page.status, viewName(page), textById(page, 'problems')]).toEqual([400, 'dashboard-api-settings', expect.stringContaining(message)])
    expect(page.html).not.toContain(SECRET)
    expect(JSON.stringify(await kept())).toBe(before)
  })

  test('does not go to the own network at the word of a developer, though a file had named another address there', async () => {
    await server.apply('kind: api\napi_id: inside\nname: Inside\norganization: ntu\nupstream: http://10.0.0.7:8080\n')
    const isVouchedFor = async () => (await kept('inside')).declared
    await save({ 'name-en': 'Inside, renamed' }, '/dashboard/apis/inside/settings')
    expect(await isVouchedFor()).toBe(true)
    await save({ upstream: 'http://10.0.0.8:9200' }, '/dashboard/apis/inside/settings')
    expect([(await kept('inside')).document['upstream'], await isVouchedFor()]).toEqual(['http://10.0.0.8:9200', false])
  })
})

test('an API is switched off and on again, once or twice', async () => {
  for (const [act, told] of [['off', 'The API is switched off.'], ['off', 'The API is switched off.'], ['on', 'The API is there again.']] as const) {
    expect(textById(await press(act), 'status')).toBe(told)
    expect((await kept()).document['disabled']).toBe(act === 'off' ? true : undefined)
    expect((await at(ada).open('/dashboard/apis?owner=org%3Antu')).html.includes('Switched off')).toBe(act === 'off')
  }
})

test('the settings are for those who develop, after a recent sign-in', async () => {
  expect([(await at(kai).open(PATH)).status, (await at(lin).open(PATH)).status]).toEqual([404, 403])
  expect((await at(lin).open('/dashboard/apis/lists')).html).not.toContain(PATH)
  const form = await at(ada).open(PATH)
  await server.advance(700)
  const late = await at(ada).submit(form, 'upstream', { act: 'save', upstream: 'https://late.example.org' })
  expect([late.status, viewName(late), viewName(await at(ada).open(PATH))]).toEqual([401, 'account-again', 'account-again'])
  expect((await kept()).document['upstream']).not.toContain('late')
})

test('an API that an operator switched off is switched on by an operator, and its page says so', async () => {
  const declare = (more: string): Promise<unknown> => server.apply(`kind: api\napi_id: lists\nname: Reading lists\norganization: ntu\n${more}`)
  ada = await atDesk(server)
  await press('off')
  expect([(await press('on')).status, (await kept()).document['disabled']]).toEqual([200, undefined])
  await declare('disabled: true\n')
  const page = await at(ada).open(PATH)
  expect([textById(page, 'is-held'), page.html.includes('id="switch-on"')]).toEqual([expect.stringContaining('Only an operator'), false])
  const csrf = forms(page).find(({ fields }) => 'upstream' in fields)?.fields['csrf'] ?? ''
  const refused = await at(ada).open(PATH, { method: 'POST', body: new URLSearchParams({ csrf, act: 'on' }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  expect([refused.status, (await kept()).document['disabled']]).toEqual([409, true])
  // Other settings are the owner's all the same; it stays off.
  await save({ timeout: '12' })
  expect((await kept()).document).toMatchObject({ disabled: true })
  expect((await at(ada).open(PATH, { method: 'POST', body: new URLSearchParams({ csrf, act: 'on' }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status).toBe(409)
  await declare('')
  expect((await kept()).document['disabled']).toBeUndefined()
})
