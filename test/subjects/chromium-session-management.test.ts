import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { wholeChromiumPath } from '../support/chromium.ts'
import { type ClientSite, launchChromium, newPerson, type Person, startClientSite } from '../support/chromium-page.ts'
import { authorizationUrl, newPkce, type Parameters } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// The page of a client asks the frame of this server, in a real browser and across origins: http://localhost has a port for each, which is
// one site; http://127.0.0.1 is another. What a frame of another site may keep is the whole browser's decision: the headless shell lets it.

let server: TestServer
let browser: Browser
let here: ClientSite
let elsewhere: ClientSite
const withBrowser = test.skipIf(wholeChromiumPath() === undefined)

beforeAll(async () => {
  if (wholeChromiumPath() === undefined) return
  ;[server, browser, here, elsewhere] = await Promise.all([startTestServer(), launchChromium(wholeChromiumPath()), startClientSite('localhost'), startClientSite('127.0.0.1')])
  const client = (id: string, callback: string): string => `
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id}
redirect_uris: ['${callback}']
scope: openid profile
consent: implied
login_providers: [ntu]
`
  await server.apply([client('here', here.callback), client('elsewhere', elsewhere.callback)].join('---'))
})
afterAll(async () => {
  if (wholeChromiumPath() === undefined) return
  await Promise.all([browser.close(), here.close(), elsewhere.close()])
  await server.close()
})

/** Signs ada in and stays on the page of the client. Returns its `session_state`. */
async function signIn({ page }: Person, id: string, site: ClientSite, changes: Parameters = {}): Promise<string> {
  await page.goto(authorizationUrl(server.issuer, newPkce(), { client_id: id, redirect_uri: site.callback, ...changes }))
  if (new URL(page.url()).origin === server.issuer && (await page.locator('#login-form').count()) > 0) {
    await page.fill('[name=username]', 'ada')
    await page.fill('[name=password]', 'ada has a password')
    await page.click('#login-submit')
  }
  await page.waitForURL(`${site.callback}?*`)
  return new URL(page.url()).searchParams.get('session_state') ?? ''
}

/** What the frame answers to a message from the client's page. */
function ask(page: Page, message: unknown): Promise<string> {
  const address = JSON.stringify(`${server.issuer}/oauth/check-session`)
  return page.evaluate(`new Promise((resolve) => {
    const frame = document.createElement('iframe')
    addEventListener('message', (event) => { frame.remove(); resolve(event.origin + ' ' + event.data) }, { once: true })
    frame.onload = () => frame.contentWindow.postMessage(${JSON.stringify(message)}, ${JSON.stringify(server.issuer)})
    frame.src = ${address}
    document.body.append(frame)
  })`)
}

const said = (answer: string): string => `${server.issuer} ${answer}`

withBrowser('unchanged while the person is signed in, changed once they are not', async () => {
  const person = await newPerson(browser)
  const state = await signIn(person, 'here', here)
  expect(state).toMatch(/^[\w-]{43}\.[\w-]+$/)
  expect(await ask(person.page, `here ${state}`)).toBe(said('unchanged'))
  await signIn(person, 'here', here, { prompt: 'none' })
  expect(await ask(person.page, `here ${state}`)).toBe(said('unchanged'))

  const tab = await person.context.newPage()
  await tab.goto(`${server.issuer}/oauth/logout`)
  await tab.click('#logout-confirm')
  await tab.waitForURL('**/oauth/logout/done')
  expect(await ask(person.page, `here ${state}`)).toBe(said('changed'))
  expect(person.complaints).toEqual([])
  await person.context.close()
})

withBrowser('the state of another client, of another page, or made up is none', async () => {
  const person = await newPerson(browser)
  const state = await signIn(person, 'here', here)
  expect(await ask(person.page, `second ${state}`)).toBe(said('changed'))
  expect(await ask(person.page, `here ${'A'.repeat(43)}.AAAA`)).toBe(said('changed'))
  for (const message of ['', 'here', `here ${state} more`, ` ${state}`, 'here state', `here ${state}`.padEnd(3000, 'A'), 7, null, { client_id: 'here' }]) expect(await ask(person.page, message)).toBe(said('error'))
  const other = await startClientSite('localhost')
  await person.page.goto(other.callback)
  expect(await ask(person.page, `here ${state}`)).toBe(said('changed'))
  await other.close()
  await person.context.close()
})

withBrowser('where the browser keeps the cookie from the frame, the answer is one that sends nobody in circles', async () => {
  const person = await newPerson(browser)
  const state = await signIn(person, 'elsewhere', elsewhere)
  expect(await ask(person.page, `elsewhere ${state}`)).toBe(said('error'))
  await person.context.close()
})
