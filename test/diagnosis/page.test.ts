import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommandLine } from '../../src/cli/run.ts'
import { readClient } from '../../src/clients/store.ts'
import { atDesk, giveRole } from '../dashboard/developer.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { authorizationUrl, basic, newPkce } from '../support/relying-party.ts'
import { CALLBACK } from '../support/world.ts'
import { ask, referenceOf } from './stage.ts'

// The page behind a reference: who may open it, what stands there, and the one click that mends an address.

const EXTRA = `${CALLBACK}/`

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'developer')
  await giveRole(server, 'lin', 'ntu', 'member')
})
afterAll(() => server.close())

async function refused(redirectUri = EXTRA): Promise<string> {
  const answer = await fetch(authorizationUrl(server.issuer, newPkce(), { redirect_uri: redirectUri }), { headers: { accept: 'application/json' } })
  return referenceOf({ headers: answer.headers, body: (await answer.json()) as Record<string, unknown> })
}

describe('the page', () => {
  test('leads from the error page to a sign-in and back, and says cause, values, mend and rule', async () => {
    const error = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { redirect_uri: EXTRA }))
    const path = /href="(\/dashboard\/diagnosis\/[^"]+)" id="diagnosis"/.exec(error.html)?.[1] ?? ''
    expect(path).not.toBe('')
    const page = await (await atDesk(server, 'ada')).open(path)
    expect(page.status).toBe(200)
    expect(page.html).toContain('data-cause="redirect_uri.mismatch"')
    expect(page.html).toContain(`${CALLBACK}<mark>/</mark>`)
    expect(page.html).toContain('They differ in the slash at the end.')
    expect(page.html).toContain('RFC 9700 §4.1.3')
    expect(page.html).toContain('Add this redirect URI')
  })

  test.each([
    ['a member without the role', 'lin'],
    ['a stranger', 'kai'],
  ])('is not there for %s', async (_, username) => {
    const reference = await refused()
    const page = await (await atDesk(server, username)).open(`/dashboard/diagnosis/${reference}`)
    expect([page.status, pageName(page)]).toEqual([404, 'error'])
    expect(page.html).not.toContain('redirect_uri.mismatch')
  })

  test('is not there for anybody for a client that nobody registered, nor after a day', async () => {
    const ada = await atDesk(server, 'ada')
    const unknown = referenceOf(await ask(server, {}, { authorization: basic('nobody-here') }))
    expect((await ada.open(`/dashboard/diagnosis/${unknown}`)).status).toBe(404)
    const reference = await refused()
    await server.ctx.diagnosis.flush()
    await server.advance(86_500)
    const later = await atDesk(server, 'ada')
    expect((await later.open(`/dashboard/diagnosis/${reference}`)).status).toBe(404)
  })

  test('portner explain says the same, by the same sentences', async () => {
    const reference = await refused()
    const page = await (await atDesk(server, 'ada')).open(`/dashboard/diagnosis/${reference}`)
    let out = ''
    const env = { DATABASE_URL: server.databaseUrl, PORTNER_ISSUER: server.issuer, PORTNER_DATA_DIR: server.ctx.config.dataDir, PORT: new URL(server.issuer).port, HOST: 'localhost' }
    const status = await runCommandLine(['explain', reference], { env, stdin: process.stdin, out: (text) => void (out += text), err: (text) => void (out += text), isTerminal: false })
    expect(status, out).toBe(0)
    for (const said of [reference, 'redirect_uri.mismatch', 'The redirect URI is not one that the client registered.', 'They differ in the slash at the end.', EXTRA, 'RFC 9700 §4.1.3', 'Send one of the registered addresses letter for letter, or register the address that you send.']) {
      expect(out).toContain(said)
      if (said !== EXTRA) expect(page.html).toContain(said)
    }
  })
})

describe('one click', () => {
  test('is a form of this person in this browser: without its token nothing changes', async () => {
    const reference = await refused()
    const ada = await atDesk(server, 'ada')
    const page = await ada.open(`/dashboard/diagnosis/${reference}`)
    await ada.submit({ ...page, html: page.html.replace(/name="csrf" value="[^"]*"/g, 'name="csrf" value="made-up"') }, 'csrf', {})
    expect((await readClient(server.ctx.db, 'planner'))?.metadata.redirect_uris).not.toContain(EXTRA)
  })

  test('registers the address that was sent, and the same request succeeds', async () => {
    const reference = await refused()
    const ada = await atDesk(server, 'ada')
    const page = await ada.open(`/dashboard/diagnosis/${reference}`)
    const done = await ada.submit(page, 'csrf', {})
    expect(done.html).toContain('The address is registered now.')
    expect(done.html).not.toContain('id="add-redirect-uri"')
    expect((await readClient(server.ctx.db, 'planner'))?.metadata.redirect_uris).toEqual([CALLBACK, 'http://127.0.0.1/callback', EXTRA])
    // A running server knows of it within a second.
    const again = async () => (await fetch(authorizationUrl(server.issuer, newPkce(), { redirect_uri: EXTRA }), { redirect: 'manual' })).headers.get('location')
    await expect.poll(again, { timeout: 5000 }).toContain('/signin/')
  })

  test('is not offered for what nobody may register', async () => {
    const ada = await atDesk(server, 'ada')
    for (const address of ['http://planner.example.org/callback', `${CALLBACK}#part`, 'javascript:alert(1)']) expect((await ada.open(`/dashboard/diagnosis/${await refused(address)}`)).html).not.toContain('id="add-redirect-uri"')
  })
})
