import { createServer, type IncomingMessage } from 'node:http'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { axeFaults } from './axe.ts'
import { chromiumLaunchOptions, chromiumPath } from './chromium.ts'
import { freePort } from './app.ts'

// A person at a real browser, and the web server of a client on another origin.

export function launchChromium(path = chromiumPath()): Promise<Browser> {
  return chromium.launch(chromiumLaunchOptions(path ?? ''))
}

export interface Person {
  readonly page: Page
  readonly context: BrowserContext
  /** What the browser said about our pages: violated policies, script errors, advice about forms. */
  readonly complaints: string[]
}

function noteComplaints(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(error.message))
  // What a status of 4xx or an app that is not installed makes the browser say is no complaint about the page; nor is it that somebody was
  // quicker with the tabulator than the browser with `autofocus`.
  page.on('console', (message) => {
    if (!/^Failed to (load resource|launch)|^Not allowed to launch|^Autofocus processing was blocked because a document already has a focused element/.test(message.text())) complaints.push(`${page.url()}: ${message.text()}`)
  })
}

/** A new browser profile with one tab. */
export async function newPerson(browser: Browser, options: BrowserContextOptions = {}): Promise<Person> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  const complaints: string[] = []
  context.on('page', (page) => noteComplaints(page, complaints))
  const page = await context.newPage()
  page.setDefaultTimeout(25_000)
  return { page, context, complaints }
}

/** The `data-page` of what a tab shows; nothing elsewhere. */
export async function shown(page: Page): Promise<string | null> {
  return page.locator('html').getAttribute('data-page')
}

/** What axe finds, and how many pixels the page is too wide, once all of it is there. */
export async function faultsOf(page: Page): Promise<readonly string[]> {
  await page.waitForLoadState()
  const faults = await axeFaults(page)
  const sideways = Number(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'))
  return [...faults, ...(sideways > 0 ? [`${sideways} px too wide`] : [])]
}

interface Copy {
  readonly page: Page
  /** What stands there. */
  body: string
}

const copies = new WeakMap<Browser, Map<string, Promise<Copy>>>()

async function newCopy(browser: Browser, colorScheme: 'light' | 'dark'): Promise<Copy> {
  const context = await browser.newContext({ colorScheme })
  const copy: Copy = { page: await context.newPage(), body: '' }
  await copy.page.route('**/*', (route) => {
    const kind = route.request().resourceType()
    return kind === 'document' ? route.fulfill({ contentType: 'text/html', body: copy.body }) : kind === 'script' ? route.abort() : route.continue()
  })
  return copy
}

/** One a browser and colour scheme, which goes when the browser does. */
function copyIn(browser: Browser, colorScheme: 'light' | 'dark'): Promise<Copy> {
  const known = copies.get(browser) ?? new Map<string, Promise<Copy>>()
  const copy = known.get(colorScheme) ?? newCopy(browser, colorScheme)
  copies.set(browser, known.set(colorScheme, copy))
  return copy
}

/** The same where no script runs: axe is one, so it looks at a copy of what stands there, in which scripts may run but ours do not. */
export async function faultsOfStill(page: Page): Promise<readonly string[]> {
  const browser = page.context().browser()
  if (browser === null) throw new Error('the page has no browser')
  const scheme = (await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")) === true ? 'dark' : 'light'
  const copy = await copyIn(browser, scheme)
  copy.body = await page.content()
  await copy.page.setViewportSize(page.viewportSize() ?? { width: 1280, height: 720 })
  // With the same address up to the fragment a browser would not load anything.
  await copy.page.goto(page.url().replace(/#.*/, ''))
  return faultsOf(copy.page)
}

export interface Received {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface ClientSite {
  /** Its redirect URI. */
  readonly callback: string
  readonly received: Received[]
  /** From now on the callback redirects to this address. */
  onward: string | undefined
  /** The parameters of the last answer, in the address or in the body. */
  readonly lastAnswer: () => URLSearchParams
  readonly close: () => Promise<void>
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

/** A client's web server at `http://HOST:<any port>/callback`. */
export async function startClientSite(host = '127.0.0.1'): Promise<ClientSite> {
  const port = await freePort()
  const origin = `http://${host}:${port}`
  const received: Received[] = []
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const url = new URL(request.url ?? '/', origin)
      if (url.pathname !== '/favicon.ico') received.push({ method: request.method ?? '', url, headers: request.headers, body })
      if (site.onward !== undefined && url.pathname === '/callback') return response.writeHead(302, { location: site.onward }).end()
      return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>The client</title><link rel="icon" href="data:,"><h1>Welcome</h1>')
    })
  })
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  const site: ClientSite = {
    callback: `${origin}/callback`,
    received,
    onward: undefined,
    lastAnswer: () => {
      const last = received.findLast(({ url }) => url.pathname === '/callback')
      return last?.method === 'POST' ? new URLSearchParams(last.body) : (last?.url.searchParams ?? new URLSearchParams())
    },
    close: () => new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    }),
  }
  return site
}
