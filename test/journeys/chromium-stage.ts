import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { chromiumPath } from '../support/chromium.ts'
import { type ClientSite, launchChromium, newPerson, type Person, startClientSite } from '../support/chromium-page.ts'
import { authorizationUrl, newPkce, type Parameters } from '../support/relying-party.ts'
import { PASSWORDS, startAfresh } from './person.ts'

// Where the stories in Chromium happen: a server, a browser, a client's web server at 127.0.0.1, and a third origin.

const NATIVE_APP = 'kind: client\nclient_id: app\nclient_name: An App\napplication_type: native\nredirect_uris: ["org.example.app:/callback"]\nscope: openid\n'

export let server: TestServer
export let site: ClientSite
export let third: ClientSite
let browser: Browser

/** To be called once by a file of stories. */
export function setTheStage(): void {
  if (chromiumPath() === undefined) return
  const open: { close: () => Promise<void> }[] = []
  const opened = async <T extends { close: () => Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const started = await starting
    open.push(started)
    return started
  }
  beforeAll(async () => {
    ;[server, browser, site, third] = await Promise.all([opened(startTestServer()), opened(launchChromium()), opened(startClientSite()), opened(startClientSite('localhost'))])
    await server.apply(NATIVE_APP)
  })
  // Whatever was started is stopped, also when something else could not be.
  afterAll(async () => void (await Promise.all(open.map((one) => one.close()))))
  beforeEach(async () => {
    await startAfresh(server)
    site.onward = undefined
    site.received.length = 0
  })
}

/** Comes from the client to the service. */
export async function begin(page: Page, changes: Parameters = {}): Promise<void> {
  await page.goto(authorizationUrl(server.issuer, newPkce(), { redirect_uri: site.callback, ...changes }))
}

/** Fills in the page of user name and password, and sends it. */
export async function signIn(page: Page, username = 'ada', password = PASSWORDS[username] ?? ''): Promise<void> {
  await page.fill('#username', username)
  await page.fill('#password', password)
  await page.click('#login-submit')
}

/** Goes as far as the question what the client may have. */
export async function toConsent(page: Page, changes: Parameters = {}): Promise<void> {
  await begin(page, changes)
  await page.click('[data-provider=ntu]')
  await signIn(page)
  await page.waitForSelector('#consent-allow')
}

/** Waits for the client's page. */
export async function atClient(page: Page): Promise<void> {
  // A double click aborts a navigation; only the page that comes in the end counts.
  await page.waitForSelector('h1:text-is("Welcome")')
}

/** Runs a story as a person, and looks at what the browser complained about. */
export async function as(options: BrowserContextOptions, story: (person: Person) => Promise<void>): Promise<void> {
  const person = await newPerson(browser, options)
  try {
    await story(person)
    expect(person.complaints).toEqual([])
  } finally {
    await person.context.close()
  }
}
