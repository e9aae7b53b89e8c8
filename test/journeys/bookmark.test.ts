import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STALENESS_MS } from '../../src/database/cache-versions.ts'
import { deleteExpiredInteractions } from '../../src/signin/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, type Page, pageName } from '../support/browser.ts'
import { begin, chooseProvider, linkOf } from './person.ts'

// People bookmark the page on which they sign in, and come back to it after months.

const CALLBACK = 'https://library.example.org/callback'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

async function library(more = ''): Promise<void> {
  await server.apply(`kind: client\nclient_id: library\nclient_name: { en: Library, nb: Biblioteket }\ntoken_endpoint_auth_method: none\nredirect_uris: ["${CALLBACK}"]\nscope: openid\n${more}`)
}

/** The address of a sign-in page whose journey nobody remembers any more. */
async function bookmark(): Promise<string> {
  await library('client_uri: https://library.example.org/\n')
  const browser = newBrowser(server.issuer)
  const { page } = await begin(browser, server.issuer, { client_id: 'library', redirect_uri: CALLBACK, scope: 'openid' })
  const { url } = await chooseProvider(browser, page, 'ntu')
  await server.advance(9 * 86_400)
  while ((await deleteExpiredInteractions(server.ctx, 1000)) > 0);
  return url
}

/** What anybody at all is shown there. */
async function comeBack(address: string, language = 'en'): Promise<Page> {
  const page = await newBrowser(server.issuer, { 'accept-language': language }).open(address)
  expect([page.status, pageName(page)]).toEqual([404, 'start-again'])
  return page
}

describe('a bookmark of a sign-in page', () => {
  test('leads to the application when the journey is forgotten: by its name, to where it begins a sign-in, else to its home', async () => {
    const address = await bookmark()
    const page = await comeBack(address)
    expect(page.html).toContain('Library')
    expect(linkOf(page, 'start-again')).toBe('https://library.example.org/')
    expect((await comeBack(address, 'nb')).html).toContain('Biblioteket')
    await library('client_uri: https://library.example.org/\ninitiate_login_uri: https://library.example.org/begin\n')
    await new Promise((resolve) => setTimeout(resolve, STALENESS_MS + 50))
    expect(linkOf(await comeBack(address), 'start-again')).toBe(`https://library.example.org/begin?iss=${encodeURIComponent(server.issuer)}`)
  })

  test('of the account pages leads there', async () => {
    const browser = newBrowser(server.issuer)
    const { url } = await browser.open(`${server.issuer}/account`)
    await server.advance(9 * 86_400)
    while ((await deleteExpiredInteractions(server.ctx, 1000)) > 0);
    expect(linkOf(await comeBack(url), 'start-again')).toBe(`${server.issuer}/account`)
  })

  test('names no application that is switched off', async () => {
    const address = await bookmark()
    await library('status: disabled\n')
    await new Promise((resolve) => setTimeout(resolve, STALENESS_MS + 50))
    expect((await comeBack(address)).html).not.toContain('Library')
  })

  // The keys of clients are small numbers: whoever could make ids would read the names of all of them.
  test('that was changed by one bit, anywhere, names nobody', async () => {
    const address = await bookmark()
    const [, id = ''] = /\/signin\/([0-9a-f-]{36})\//.exec(address) ?? []
    for (const { index: at } of id.matchAll(/[0-9a-f]/g)) {
      const changed = `${id.slice(0, at)}${(Number.parseInt(id.charAt(at), 16) ^ 1).toString(16)}${id.slice(at + 1)}`
      expect((await comeBack(address.replace(id, changed))).html, `digit ${at}`).not.toContain('Library')
    }
  })
})
