import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { searchEvents } from '../../src/audit/store.ts'
import { readClient, setClientStatus } from '../../src/clients/store.ts'
import { inTransaction } from '../../src/database/transaction.ts'
import { textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, type Page } from '../support/browser.ts'
import { untilSomebodyWaits } from '../support/locks.ts'
import { basic, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'
import { atDesk, faultAt, giveRole, type Made, register, takeRole, userIdOf } from './developer.ts'

// Looking after an application: its addresses, its secrets, its look, whose it is, and its end (pages.md P-03 to P-07, P-13).

let server: TestServer
let ada: Browser
beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'admin')
  await giveRole(server, 'lin', 'ntu', 'member')
  ada = await atDesk(server)
})
afterAll(() => server.close())

async function made(changes: Readonly<Record<string, string>> = {}): Promise<Made & { readonly path: string }> {
  const all = await register(ada, changes)
  return { ...all, path: `/dashboard/clients/${all.clientId}` }
}

async function metadataOf(clientId: string) {
  return (await readClient(server.ctx.db, clientId))?.metadata
}

/** What ada is recorded to have done with its secrets and owners, in order: in a burst an answer may be lost, the record is not. */
async function changesOf(clientId: string): Promise<readonly unknown[]> {
  await server.ctx.audit.flush()
  const events = await searchEvents(server.ctx.db, { actor: await userIdOf(server, 'ada'), target: clientId, event: 'client.changed' }, { limit: 10 })
  return events.map(({ details }) => details['change']).toReversed()
}

async function tokenStatus(clientId: string, secret: string | undefined): Promise<number> {
  const answer = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { authorization: basic(clientId, secret) }, body: new URLSearchParams({ grant_type: 'client_credentials' }) })
  return answer.status
}

/** The first list of the page: where people come back to. */
function fieldsOf(page: Page): readonly string[] {
  return [...page.html.matchAll(/<input id="redirect-\d+"[^>]*\bvalue="([^"]*)"/g)].map(([, value = '']) => value)
}

describe('the addresses', () => {
  test('are one a field; adding and removing keep what was typed and change nothing until it is saved', async () => {
    const { path, clientId } = await made()
    const kept = await ada.open(`${path}/addresses`)
    const added = await ada.submit(kept, 'a0', { a0: 'https://typed.example.org/half', act: 'add' })
    expect([added.status, fieldsOf(added)]).toEqual([200, ['https://typed.example.org/half', '']])
    expect(added.html).toMatch(/<input id="redirect-1"[^>]* autofocus/)
    const third = await ada.submit(added, 'a0', { a1: 'https://second.example.org/cb', act: 'add' })
    const less = await ada.submit(third, 'a0', { act: 'remove-0' })
    expect(fieldsOf(less)).toEqual(['https://second.example.org/cb', ''])
    expect((await metadataOf(clientId))?.redirect_uris).toEqual(['https://mine.example.org/callback'])
    const saved = await ada.submit(less, 'a0', { a1: 'http://127.0.0.1/cb', act: 'save' })
    expect([viewName(saved), textById(saved, 'status')]).toEqual(['dashboard-client', 'The addresses are saved.'])
    expect((await metadataOf(clientId))?.redirect_uris).toEqual(['https://second.example.org/cb', 'http://127.0.0.1/cb'])
  })

  test('that are wrong are said each at its field, with what to type instead, and nothing is saved', async () => {
    const { path, clientId } = await made()
    const added = await ada.submit(await ada.open(`${path}/addresses`), 'a0', { act: 'add' })
    const wrong = await ada.submit(added, 'a0', { a0: 'https://Mine.example.org/cb', a1: 'https://mine.example.org/cb#here', act: 'save' })
    expect([wrong.status, viewName(wrong)]).toEqual([400, 'dashboard-addresses'])
    expect([faultAt(wrong, 'redirect-0'), faultAt(wrong, 'redirect-1')]).toEqual([expect.stringContaining('Type instead: https://mine.example.org/cb'), expect.stringContaining('Type instead: https://mine.example.org/cb')])
    expect(fieldsOf(wrong)).toEqual(['https://Mine.example.org/cb', 'https://mine.example.org/cb#here'])
    const none = await ada.submit(await ada.open(`${path}/addresses`), 'a0', { a0: '', act: 'save' })
    expect([none.status, faultAt(none, 'redirect-0')]).toEqual([400, expect.stringContaining('Type the address')])
    expect((await metadataOf(clientId))?.redirect_uris).toEqual(['https://mine.example.org/callback'])
  })

  test('with http put the application into development, and without it back to where the switch is off', async () => {
    const { path, clientId } = await made()
    const asked = await ada.submit(await ada.open(`${path}/addresses`), 'a0', { a0: 'http://dev.mine.example/cb', act: 'save' })
    expect([asked.status, asked.html]).toEqual([400, expect.stringContaining('which is not encrypted')])
    await ada.submit(asked, 'a0', { insecure: '1', act: 'save' })
    expect(await metadataOf(clientId)).toMatchObject({ status: 'development', compatibility: ['plain_http_redirect'] })
    await ada.submit(await ada.open(`${path}/addresses`), 'a0', { a0: 'https://dev.mine.example/cb', act: 'save' })
    expect(await metadataOf(clientId)).toMatchObject({ status: 'development', compatibility: [] })
  })

  test('after signing out and of pages with script are lists of their own', async () => {
    const { path, clientId } = await made({ kind: 'spa' })
    const page = await ada.open(`${path}/addresses`)
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
    const send = (list: string, value: string) => ada.open(`${path}/addresses/${list}`, { method: 'POST', body: new URLSearchParams({ csrf, count: '1', a0: value, act: 'save' }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect((await send('origins', 'https://mine.example.org/app')).status).toBe(400)
    await send('origins', 'https://mine.example.org')
    await send('logout', 'https://mine.example.org/bye')
    expect(await metadataOf(clientId)).toMatchObject({ allowed_origins: ['https://mine.example.org'], post_logout_redirect_uris: ['https://mine.example.org/bye'] })
  })
})

describe('the secrets', () => {
  test('may be two: the new one works beside the old one, until that is retired', async () => {
    const { path, clientId, secret } = await made({ kind: 'service', address: '' })
    const drawn = await ada.submit(await ada.open(`${path}/secrets`), 'csrf', {})
    const another = textById(drawn, 'secret')
    expect([viewName(drawn), another]).toEqual(['dashboard-secret', expect.stringMatching(/^ptr_cs_/)])
    expect([await tokenStatus(clientId, secret), await tokenStatus(clientId, another)]).toEqual([200, 200])
    const list = await ada.open(`${path}/secrets`)
    expect(list.html).not.toContain(another)
    expect(list.html).toContain('last used')
    expect(list.html).toContain(`Ends in ${secret?.slice(-3)}`)
    expect(list.html).not.toContain('id="secret-new"')
    const retired = await ada.submit(list, 'secret_id', {})
    expect(textById(retired, 'status')).toContain('The secret is retired')
    // At once, in the process that did it.
    expect([await tokenStatus(clientId, secret), await tokenStatus(clientId, another)]).toEqual([401, 200])
    expect(server.logged()).not.toContain(another)
  })

  test('are never more than two and never none, however many ask at once', async () => {
    const { path, clientId } = await made({ kind: 'service', address: '' })
    const page = await ada.open(`${path}/secrets`)
    const csrf = /id="secret-new"[\s\S]*?name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
    const post = (act: string, fields: Readonly<Record<string, string>>) => ada.open(`${path}/secrets/${act}`, { method: 'POST', body: new URLSearchParams({ csrf, ...fields }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    await Promise.all(Array.from({ length: 100 }, () => post('new', {})))
    const ids = [...(await ada.open(`${path}/secrets`)).html.matchAll(/data-secret="([^"]+)"/g)].map(([, id = '']) => id)
    expect(ids).toHaveLength(2)
    await Promise.all(Array.from({ length: 100 }, (_, i) => post('retire', { secret_id: ids[i % 2] ?? '' })))
    expect((await ada.open(`${path}/secrets`)).html.match(/data-secret=/g)).toHaveLength(1)
    expect(await changesOf(clientId)).toEqual(['secret added in the dashboard', 'secret retired in the dashboard'])
  })

  test('are for those who develop: a member sees that there is one, and draws none', async () => {
    const { path } = await made({ owner: 'org:ntu' })
    const lin = await atDesk(server, 'lin')
    const page = await lin.open(`${path}/secrets`)
    expect([page.status, page.html.includes('secret-new')]).toEqual([200, false])
    const csrf = /name="csrf" value="([^"]+)"/.exec((await ada.open(`${path}/secrets`)).html)?.[1] ?? ''
    const forged = await lin.open(`${path}/secrets/new`, { method: 'POST', body: new URLSearchParams({ csrf }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(forged.status).toBe(403)
  })
})

describe('what acts by itself in the name of its organization', () => {
  test('is not a developer’s: neither its secrets nor its addresses, nor its end', async () => {
    await server.apply(`kind: client\nclient_id: deputy\nclient_secret: { value: ${SECRET} }\nclient_name: Deputy\napplication_type: service\nscope: portner.organizations.write\norganization: ntu\n`)
    await giveRole(server, 'lin', 'ntu', 'developer')
    const lin = await atDesk(server, 'lin')
    const page = await lin.open('/dashboard/clients/deputy/secrets')
    expect([page.status, page.html.includes('secret-new')]).toEqual([200, false])
    expect((await lin.open('/dashboard/clients/deputy/remove')).status).toBe(403)
    expect((await lin.open('/dashboard/clients/deputy/look')).html).not.toContain('id="look-submit"')
    expect((await ada.open('/dashboard/clients/deputy/secrets')).html).toContain('secret-new')
    await giveRole(server, 'lin', 'ntu', 'member')
  })

  test('is handed on by an operator only: whoever had it knows its secret', async () => {
    await giveRole(server, 'kai', 'lunmal', 'developer')
    await ada.submit(await ada.open('/dashboard/clients/deputy/transfer'), 'to', { to: 'org:lunmal', act: 'offer' })
    const kai = await atDesk(server, 'kai')
    const taken = await kai.submit(await kai.open('/dashboard/offers/deputy'), 'act', { act: 'take' })
    expect([taken.status, (await metadataOf('deputy'))?.organization]).toEqual([403, 'ntu'])
    await takeRole(server, 'kai', 'lunmal')
  })
})

describe('two who change it at once', () => {
  test('lose nothing of each other: who comes too late is told', async () => {
    const { path, clientId } = await made()
    const page = await ada.open(`${path}/addresses`)
    const csrf = (html: string): string => /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? ''
    const [addresses, look, access] = [csrf(page.html), csrf((await ada.open(`${path}/look`)).html), csrf((await ada.open(`${path}/access`)).html)]
    const post = (address: string, fields: Readonly<Record<string, string>>) => ada.open(`${path}/${address}`, { method: 'POST', body: new URLSearchParams(fields), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    for (let round = 0; round < 5; round++) {
      const bye = `https://mine.example.org/bye/${round}`
      const origin = `https://mine${round}.example.org`
      const phone = round % 2 === 0
      const name = `Name ${round}`
      const answers = await Promise.all([
        post('addresses/logout', { csrf: addresses, count: '1', a0: bye, act: 'save' }),
        post('addresses/origins', { csrf: addresses, count: '1', a0: origin, act: 'save' }),
        post('look', { csrf: look, 'name-en': name }),
        post('access', { csrf: access, act: 'save', ...(phone ? { scope_phone: '1' } : {}) }),
      ])
      const saved = await metadataOf(clientId)
      const isKept = [saved?.post_logout_redirect_uris[0] === bye, saved?.allowed_origins[0] === origin, JSON.stringify(saved?.client_name) === JSON.stringify({ en: name }), saved?.scope.includes('phone') === phone]
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
      for (const [i, { status }] of answers.entries()) expect([i, status, status === 200 ? isKept[i] : 'told']).toEqual([i, status, status === 409 ? 'told' : true])
    }
  })
})

describe('the look', () => {
  test('has a name in each language, and says what is wrong', async () => {
    const { path, clientId } = await made()
    const form = await ada.open(`${path}/look`)
    const wrong = await ada.submit(form, 'name-en', { 'name-en': 'Norges testuniversitet', logo_uri: 'javascript:alert(1)', contacts: 'nobody' })
    expect([wrong.status, faultAt(wrong, 'name-en'), faultAt(wrong, 'logo_uri'), faultAt(wrong, 'contacts')]).toEqual([400, expect.stringContaining('only yours'), expect.stringContaining('https://'), expect.stringContaining('e-mail')])
    const saved = await ada.submit(wrong, 'name-en', { 'name-en': 'My Thing', 'name-nb': 'Tingen min', logo_uri: 'https://mine.example.org/logo.png', contacts: 'help@mine.example.org' })
    expect(viewName(saved)).toBe('dashboard-client')
    expect(await metadataOf(clientId)).toMatchObject({ client_name: { en: 'My Thing', nb: 'Tingen min' }, logo_uri: 'https://mine.example.org/logo.png', contacts: ['help@mine.example.org'] })
  })
})

describe('what stands beside', () => {
  test('the file that would declare it, without a secret', async () => {
    const { path, clientId, secret } = await made()
    const page = await ada.open(`${path}/config`)
    expect(textById(page, 'yaml')).toContain(`kind: client client_id: ${clientId}`)
    expect(page.html).not.toContain(secret)
  })

  test('the consent page as people see it, in which nothing can be decided', async () => {
    const { path } = await made()
    const page = await ada.open(`${path}/preview`)
    expect([page.status, page.html.includes('My Application'), page.html.includes('name="decision"')]).toEqual([200, true, false])
  })
})

describe('deleting', () => {
  test('asks for the name, after a recent sign-in, and says how many people use it', async () => {
    const { path, clientId, secret } = await made({ name: 'To be gone' })
    await server.advance(700)
    const again = await ada.open(`${path}/remove`)
    expect(viewName(again)).toBe('account-again')
    const signIn = await ada.open(/id="sign-in-again" href="([^"]+)"/.exec(again.html)?.[1]?.replaceAll('&amp;', '&') ?? '')
    const ask = await walk(ada, signIn)
    expect([viewName(ask), textById(ask, 'people')]).toEqual(['dashboard-remove', 'Nobody uses it.'])
    const wrong = await ada.submit(ask, 'name', { name: 'Something else' })
    expect([wrong.status, faultAt(wrong, 'name')]).toEqual([400, expect.stringContaining('Nothing was deleted')])
    const gone = await ada.submit(wrong, 'name', { name: 'To be gone' })
    expect([viewName(gone), textById(gone, 'status')]).toEqual(['dashboard-clients', 'The application has been deleted.'])
    expect([await metadataOf(clientId), await tokenStatus(clientId, secret), (await ada.open(path)).status]).toEqual([undefined, 401, 404])
  })
})

describe('another owner', () => {
  test('has to take it; then it is theirs, and not before', async () => {
    const { path, clientId } = await made({ name: 'Handed over' })
    const kai = await atDesk(server, 'kai')
    const offered = await ada.submit(await ada.open(`${path}/transfer`), 'to', { to: 'kai', act: 'offer' })
    expect(textById(offered, 'status')).toContain('14 days')
    expect((await kai.open(path)).status).toBe(404)
    const list = await kai.open('/dashboard?owner=me')
    expect(list.html).toContain('<bdi>Handed over</bdi> is offered to you.')
    const taken = await kai.submit(await kai.open(`/dashboard/offers/${clientId}`), 'act', { act: 'take' })
    expect(textById(taken, 'status')).toBe('The application has another owner now.')
    expect([(await kai.open(path)).status, (await ada.open(path)).status]).toEqual([200, 404])
  })

  test('of a hundred who take it at once one does, and an offer that was taken back is none', async () => {
    const { path, clientId } = await made({ name: 'Taken once' })
    await ada.submit(await ada.open(`${path}/transfer`), 'to', { to: 'org:ntu', act: 'offer' })
    const offer = await ada.open(`/dashboard/offers/${clientId}`)
    await Promise.all(Array.from({ length: 100 }, () => ada.submit(offer, 'act', { act: 'take' })))
    expect((await metadataOf(clientId))?.organization).toBe('ntu')
    expect(await changesOf(clientId)).toEqual(['offered to another owner in the dashboard', 'taken over by org:ntu in the dashboard'])
    await ada.submit(await ada.open(`${path}/transfer`), 'to', { to: 'kai', act: 'offer' })
    await ada.submit(await ada.open(`${path}/transfer`), 'act', { act: 'end' })
    expect((await (await atDesk(server, 'kai')).open(`/dashboard/offers/${clientId}`)).status).toBe(404)
  })

  test('is not learned about here: an unknown name gets the same answers, now and later', async () => {
    const { path } = await made()
    const pages: string[] = []
    for (const to of ['nobody.at.all', 'kai']) {
      const offered = await ada.submit(await ada.open(`${path}/transfer`), 'to', { to, act: 'offer' })
      expect(textById(offered, 'status')).toContain('14 days')
      pages.push((await ada.open(`${path}/transfer`)).html)
    }
    expect(pages[0]).toBe(pages[1])
  })

  test('has it as it is now: what was shut out meanwhile stays out', async () => {
    const { path, clientId } = await made({ name: 'Shut out' })
    await ada.submit(await ada.open(`${path}/transfer`), 'to', { to: 'org:ntu', act: 'offer' })
    const offer = await ada.open(`/dashboard/offers/${clientId}`)
    const taking = await inTransaction(server.ctx.db, async (trx) => {
      await setClientStatus(trx, clientId, 'disabled')
      const answer = ada.submit(offer, 'act', { act: 'take' })
      await untilSomebodyWaits(server.ctx.db)
      return { answer }
    })
    expect([(await taking.answer).status, await metadataOf(clientId)]).toMatchObject([200, { organization: 'ntu', status: 'disabled' }])
  })

  test('cannot be given by whoever only develops, nor taken by whoever has no role there', async () => {
    const { path, clientId } = await made({ owner: 'org:ntu' })
    await ada.submit(await ada.open(`${path}/transfer`), 'to', { to: 'org:lunmal', act: 'offer' })
    expect((await (await atDesk(server, 'kai')).open(`/dashboard/offers/${clientId}`)).status).toBe(404)
    await giveRole(server, 'kai', 'ntu', 'developer')
    expect((await (await atDesk(server, 'kai')).open(`${path}/transfer`)).status).toBe(403)
    await takeRole(server, 'kai', 'ntu')
  })
})
