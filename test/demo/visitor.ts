import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { chromiumLaunchOptions } from '../support/chromium.ts'
import { type DemoServer, startDemoServer } from './demo-server.ts'

// A person in front of the demo: what one does there, in the words of the page.

const run = promisify(execFile)

export interface Visitor {
  readonly page: Page
  readonly context: BrowserContext
  /** What the browser complained about: scripts, the content security policy. */
  readonly complaints: string[]
  clicks: number
}

export interface Stage {
  readonly server: DemoServer
  readonly browser: Browser
  readonly close: () => Promise<void>
}

export type BrowserOptions = Parameters<Browser['newContext']>[0]

/** The demo's server and a browser. */
export async function openStage(executablePath: string): Promise<Stage> {
  const server = await startDemoServer()
  const browser = await chromium.launch(chromiumLaunchOptions(executablePath))
  return {
    server,
    browser,
    close: async () => {
      await browser.close()
      await server.close()
    },
  }
}

/** Opens /demo in a fresh browser. */
export async function visit({ server, browser }: Stage, options: BrowserOptions = {}): Promise<Visitor> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(25_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => !message.text().startsWith('Failed to load resource') && complaints.push(message.text()))
  await page.goto(`${server.issuer}/demo`)
  return { page, context, complaints, clicks: 0 }
}

export async function press(visitor: Visitor, selector: string): Promise<void> {
  visitor.clicks += 1
  await visitor.page.click(selector)
  await visitor.page.waitForLoadState()
}

/** Presses the button of an action. */
export const act = (visitor: Visitor, action: string): Promise<void> => press(visitor, `[data-action="${action}"]`)
const step = (visitor: Visitor, id: string): Locator => visitor.page.locator(`[data-step="${id}"]`)
export const stateOf = (visitor: Visitor, id: string): Promise<string | null> => step(visitor, id).getAttribute('data-state')
/** The HTTP status that the page shows of an exchange. */
export const statusOf = (visitor: Visitor, exchange: string): Promise<string | null> => visitor.page.locator(`[data-exchange="${exchange}"]`).getAttribute('data-status')
export const textOf = async (visitor: Visitor, selector: string): Promise<string> => (await visitor.page.locator(selector).textContent()) ?? ''

/** The pages of the server, as a newcomer goes through them. */
export async function signIn(visitor: Visitor, username = 'ada'): Promise<void> {
  const { page } = visitor
  await press(visitor, '[data-provider="ntu"]')
  await page.fill('#username', username)
  await page.fill('#password', `demo-${username}`)
  await press(visitor, '#login-submit')
  await page.locator('#consent-allow, #position, #code').first().waitFor()
  if (await page.locator('#code').isVisible()) {
    // As the demo's page shows it, in another tab.
    const tab = await page.context().newPage()
    await tab.goto(`${new URL(page.url()).origin}/demo`)
    const code = (await tab.textContent('#demo-code')) ?? ''
    await tab.close()
    await page.fill('#code', code)
    await press(visitor, '#factor-submit')
  }
  // Whoever allowed it in another test is not asked again.
  await page.locator('#consent-allow, #position').first().waitFor()
  if (await page.locator('#consent-allow').isVisible()) await press(visitor, '#consent-allow')
  await page.waitForURL(/\/demo#/)
}

/** Past the callback. */
export async function signedIn(stage: Stage, options?: BrowserOptions): Promise<Visitor> {
  const visitor = await visit(stage, options)
  await press(visitor, '#authorize')
  await signIn(visitor)
  return visitor
}

/** With verified tokens. */
export async function tokens(stage: Stage, options?: BrowserOptions): Promise<Visitor> {
  const visitor = await signedIn(stage, options)
  await act(visitor, 'redeem')
  await act(visitor, 'verify')
  return visitor
}

/** The checks of a step: name and whether it is good. */
export async function verdicts(visitor: Visitor, id: string): Promise<Record<string, string>> {
  const rows = await step(visitor, id).locator('[data-check]').all()
  const pairs = await Promise.all(rows.map(async (row) => [await row.getAttribute('data-check'), await row.getAttribute('data-good')]))
  return Object.fromEntries(pairs)
}

/** Runs the command of an exchange as it stands on the page, in a shell. Returns status and body. */
export async function runCommand(visitor: Visitor, exchange: string): Promise<{ status: number; body: string }> {
  const { stdout } = await run('sh', ['-c', await textOf(visitor, `[data-curl="${exchange}"]`)])
  const at = stdout.indexOf('\r\n\r\n')
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(stdout)?.[1]), body: stdout.slice(at + 4) }
}
