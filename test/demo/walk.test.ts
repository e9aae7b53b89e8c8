import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, chromiumPath } from '../support/chromium.ts'
import { type DemoServer, startDemoServer } from './demo-server.ts'

// The demo in a real browser: every step, every lesson, every command that it shows.

const path = chromiumPath()
const run = promisify(execFile)
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** A folder for pictures of the pages, for people to look at. */
const SHOTS = process.env['DEMO_SHOTS']

interface Visitor {
  readonly page: Page
  readonly context: BrowserContext
  readonly complaints: string[]
  clicks: number
}

describe.skipIf(path === undefined)('the demo in Chromium', () => {
  let server: DemoServer
  let browser: Browser

  beforeAll(async () => {
    server = await startDemoServer()
    browser = await chromium.launch(chromiumLaunchOptions(path ?? ''))
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  async function visit(options: Parameters<Browser['newContext']>[0] = {}): Promise<Visitor> {
    const context = await browser.newContext(options)
    context.setDefaultTimeout(10_000)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => !message.text().startsWith('Failed to load resource') && complaints.push(message.text()))
    await page.goto(`${server.issuer}/demo`)
    return { page, context, complaints, clicks: 0 }
  }

  async function press(visitor: Visitor, selector: string): Promise<void> {
    visitor.clicks += 1
    await visitor.page.click(selector)
    await visitor.page.waitForLoadState()
  }

  const act = (visitor: Visitor, action: string): Promise<void> => press(visitor, `[data-action="${action}"]`)
  const step = (visitor: Visitor, id: string) => visitor.page.locator(`[data-step="${id}"]`)
  const stateOf = (visitor: Visitor, id: string) => step(visitor, id).getAttribute('data-state')
  const statusOf = (visitor: Visitor, exchange: string) => visitor.page.locator(`[data-exchange="${exchange}"]`).getAttribute('data-status')
  const textOf = async (visitor: Visitor, selector: string): Promise<string> => (await visitor.page.locator(selector).textContent()) ?? ''

  /** The pages of the server, as a newcomer goes through them. */
  async function signIn(visitor: Visitor, username = 'ada'): Promise<void> {
    const { page } = visitor
    await press(visitor, '[data-provider="ntu"]')
    await page.fill('#username', username)
    await page.fill('#password', `demo-${username}`)
    await press(visitor, '#login-submit')
    // Whoever allowed it in another test is not asked again.
    await page.locator('#consent-allow, #position').first().waitFor()
    if (await page.locator('#consent-allow').isVisible()) await press(visitor, '#consent-allow')
    await page.waitForURL(/\/demo#/)
  }

  async function signedIn(options?: Parameters<typeof visit>[0]): Promise<Visitor> {
    const visitor = await visit(options)
    await press(visitor, '#authorize')
    await signIn(visitor)
    return visitor
  }

  async function tokens(options?: Parameters<typeof visit>[0]): Promise<Visitor> {
    const visitor = await signedIn(options)
    await act(visitor, 'redeem')
    await act(visitor, 'verify')
    return visitor
  }

  async function verdicts(visitor: Visitor, id: string): Promise<Record<string, string>> {
    const rows = await step(visitor, id).locator('[data-check]').all()
    const pairs = await Promise.all(rows.map(async (row) => [await row.getAttribute('data-check'), await row.getAttribute('data-good')]))
    return Object.fromEntries(pairs)
  }

  /** Runs the command of an exchange as it stands on the page, in a shell. Returns status and body. */
  async function runCommand(visitor: Visitor, exchange: string): Promise<{ status: number; body: string }> {
    const { stdout } = await run('sh', ['-c', await textOf(visitor, `[data-curl="${exchange}"]`)])
    const at = stdout.indexOf('\r\n\r\n')
    return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(stdout)?.[1]), body: stdout.slice(at + 4) }
  }

  describe.each([true, false])('with JavaScript: %s', (javaScriptEnabled) => {
    test('goes from the first page to verified tokens in six clicks, and on to the sign-out', async () => {
      const visitor = await tokens({ javaScriptEnabled })
      expect(visitor.clicks).toBeLessThanOrEqual(6)
      expect(await verdicts(visitor, 'callback')).toEqual({ state: 'true', iss: 'true', code: 'true' })
      expect(await verdicts(visitor, 'id-token')).toEqual({ alg: 'true', signature: 'true', iss: 'true', aud: 'true', exp: 'true', iat: 'true', nonce: 'true', sub: 'true' })
      await act(visitor, 'ask-userinfo')
      expect(await verdicts(visitor, 'userinfo')).toEqual({ sub: 'true' })
      expect(await textOf(visitor, '[data-exchange="userinfo-request"]')).toContain('"name": "Ada Example"')
      for (const action of ['refresh', 'introspect', 'revoke', 'userinfo-again']) await act(visitor, action)
      expect(await Promise.all(['refresh-request', 'introspect-request', 'revoke-request', 'userinfo-again-request'].map((id) => statusOf(visitor, id)))).toEqual(['200', '200', '200', '401'])
      expect(await textOf(visitor, '[data-exchange="introspect-request"]')).toContain('"active": true')
      await act(visitor, 'sign-out')
      await visitor.page.waitForURL(/\/demo#logout/)
      expect(await verdicts(visitor, 'logout')).toEqual({ state: 'true' })
      expect(await textOf(visitor, '#position')).toBe('All nine steps are done.')
      // Signed out for real: the next request asks for the password again.
      await act(visitor, 'restart')
      await press(visitor, '#authorize')
      expect(await visitor.page.getAttribute('html', 'data-page')).not.toBe('demo')
      expect(visitor.complaints).toEqual([])
      await visitor.context.close()
    }, 60_000)

    test('ends each mistake on the real error', async () => {
      const visitor = await tokens({ javaScriptEnabled })
      const body = (id: string) => textOf(visitor, `[data-exchange="${id}"]`)
      await act(visitor, 'wrong-redirect-uri')
      expect(await statusOf(visitor, 'wrong-redirect-uri-1')).toBe('400')
      expect(await body('wrong-redirect-uri-1')).toContain('"error": "invalid_request"')
      await act(visitor, 'wrong-secret')
      expect(await statusOf(visitor, 'wrong-secret-1')).toBe('401')
      expect(await body('wrong-secret-1')).toContain('"error": "invalid_client"')
      await act(visitor, 'code-twice')
      await visitor.page.waitForURL(/\/demo#code-twice/)
      expect(await Promise.all([1, 2, 3].map((n) => statusOf(visitor, `code-twice-${n}`)))).toEqual(['200', '400', '401'])
      expect(await body('code-twice-2')).toContain('"error": "invalid_grant"')
      await act(visitor, 'pkce-mismatch')
      await visitor.page.waitForURL(/\/demo#pkce-mismatch/)
      expect(await statusOf(visitor, 'pkce-mismatch-1')).toBe('400')
      expect(await body('pkce-mismatch-1')).toContain('"error": "invalid_grant"')
      for (const id of ['wrong-redirect-uri-1', 'wrong-secret-1', 'code-twice-2', 'pkce-mismatch-1']) {
        const reference = await textOf(visitor, `[data-exchange="${id}"] .ref`)
        expect(reference, id).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
        expect(server.logged(), id).toContain(`"ref":"${reference}"`)
      }
      // The walk itself is none the worse.
      await act(visitor, 'ask-userinfo')
      expect(await statusOf(visitor, 'userinfo-request')).toBe('200')
      await visitor.page.click('[data-lesson="wrong-redirect-uri"] > p > a')
      expect(await visitor.page.getAttribute('html', 'data-page')).toBe('error')
      expect(visitor.complaints).toEqual([])
      await visitor.context.close()
    }, 60_000)
  })

  test('lets a mistake be made by somebody who has not signed in yet', async () => {
    const visitor = await visit()
    await act(visitor, 'pkce-mismatch')
    await signIn(visitor, 'lin')
    expect(await statusOf(visitor, 'pkce-mismatch-1')).toBe('400')
    expect(await stateOf(visitor, 'authorization')).toBe('now')
    await visitor.context.close()
  })

  test('gets a token for a program, which userinfo refuses', async () => {
    const visitor = await visit()
    await act(visitor, 'machine')
    expect(await Promise.all([1, 2, 3].map((n) => statusOf(visitor, `machine-${n}`)))).toEqual(['200', '403', '200'])
    expect((await runCommand(visitor, 'machine-1')).status).toBe(200)
    await visitor.context.close()
  })

  test('shows the warning of the http application', async () => {
    const visitor = await visit()
    await act(visitor, 'plain-http')
    await press(visitor, '[data-provider="ntu"]')
    expect(await textOf(visitor, '#insecure-warning')).toContain('http://dev.planner.example')
    expect(visitor.complaints).toEqual([])
    await visitor.context.close()
  })

  test('shows a refusal, and starts again', async () => {
    const visitor = await visit()
    await press(visitor, '#authorize')
    await press(visitor, '[data-provider="ntu"]')
    await press(visitor, '#login-cancel')
    await visitor.page.waitForURL(/\/demo#callback/)
    expect(await verdicts(visitor, 'callback')).toEqual({ state: 'true', iss: 'true', error: 'false' })
    expect(await textOf(visitor, '[data-check="error"]')).toContain('access_denied')
    await act(visitor, 'again')
    expect(await stateOf(visitor, 'authorization')).toBe('now')
    await visitor.context.close()
  })

  test('throws an answer away that this browser did not ask for, and takes its own all the same', async () => {
    const visitor = await visit()
    await press(visitor, '#authorize')
    const away = visitor.page.url()
    await visitor.page.goto(`${server.issuer}/demo/callback?code=stolen&state=of-somebody-else&iss=https%3A%2F%2Felsewhere.example`)
    expect(await verdicts(visitor, 'callback')).toEqual({ state: 'false', iss: 'false', code: 'true' })
    expect(await visitor.page.locator('[data-action="redeem"]').count()).toBe(0)
    await visitor.page.goto(away)
    await signIn(visitor)
    expect(await verdicts(visitor, 'callback')).toEqual({ state: 'true', iss: 'true', code: 'true' })
    await visitor.context.close()
  })

  test('sends what was chosen', async () => {
    const visitor = await visit()
    await visitor.page.check('#scope-phone')
    await visitor.page.uncheck('#scope-groups')
    await visitor.page.selectOption('#ui-locales', 'nb')
    await visitor.page.selectOption('#prompt', 'consent')
    await visitor.page.fill('#login-hint', 'lin')
    await press(visitor, '#show-request')
    const shown = new URL((await textOf(visitor, '[data-curl="authorization-request"]')).slice("curl -si '".length, -1))
    expect(Object.fromEntries(shown.searchParams)).toMatchObject({ scope: 'openid profile email phone', ui_locales: 'nb', prompt: 'consent', login_hint: 'lin', code_challenge_method: 'S256' })
    await press(visitor, '#authorize')
    expect(await visitor.page.getAttribute('html', 'lang')).toBe('nb')
    await press(visitor, '[data-provider="ntu"]')
    expect(await visitor.page.inputValue('#username')).toBe('lin')
    await visitor.context.close()
  })

  test('answers every command as the page says', async () => {
    const visitor = await visit()
    expect((await runCommand(visitor, 'discovery-request')).body).toContain(`"issuer":"${server.issuer}"`)
    expect((await runCommand(visitor, 'authorization-request')).status).toBe(303)
    await press(visitor, '#authorize')
    await signIn(visitor)
    // What the button would have done; then the button finds a used code, as it must.
    expect(JSON.parse((await runCommand(visitor, 'token-request')).body)).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String), id_token: expect.any(String), refresh_token: expect.any(String) })
    await act(visitor, 'redeem')
    expect(await statusOf(visitor, 'token-request')).toBe('400')
    await visitor.context.close()

    const second = await tokens()
    expect((await runCommand(second, 'keys-request')).body).toContain('"keys"')
    expect((await runCommand(second, 'userinfo-request')).status).toBe(200)
    await act(second, 'ask-userinfo')
    const refreshed = await runCommand(second, 'refresh-request')
    await act(second, 'refresh')
    // Sent twice within 30 seconds: the same answer, byte for byte.
    expect(await textOf(second, '[data-exchange="refresh-request"]')).toContain(JSON.parse(refreshed.body).access_token)
    expect((await runCommand(second, 'introspect-request')).body).toContain('"active":true')
    await act(second, 'introspect')
    await act(second, 'revoke')
    expect((await runCommand(second, 'revoke-request')).status).toBe(200)
    expect((await runCommand(second, 'userinfo-again-request')).status).toBe(401)
    for (const lesson of ['wrong-redirect-uri', 'wrong-secret', 'machine']) await act(second, lesson)
    const expected = { 'wrong-redirect-uri-1': 400, 'wrong-secret-1': 401, 'machine-1': 200, 'machine-2': 403, 'machine-3': 200 }
    for (const [id, status] of Object.entries(expected)) expect((await runCommand(second, id)).status, id).toBe(status)
    await second.context.close()
  }, 60_000)

  test('redeems a code once however often the button is pressed', async () => {
    const visitor = await signedIn()
    const csrf = await visitor.page.locator('form[action="/demo/redeem"] input[name="csrf"]').inputValue()
    const answers = await Promise.all([1, 2, 3].map(() => visitor.context.request.post(`${server.issuer}/demo/redeem`, { form: { csrf }, maxRedirects: 0 })))
    expect(answers.map((answer) => answer.status())).toEqual([303, 303, 303])
    await visitor.page.reload()
    expect(await statusOf(visitor, 'token-request')).toBe('200')
    await act(visitor, 'verify')
    await act(visitor, 'ask-userinfo')
    expect(await statusOf(visitor, 'userinfo-request')).toBe('200')
    await visitor.context.close()
  })

  test('refuses forms of other sites and keeps its cookie from script and from other paths', async () => {
    const visitor = await visit()
    const post = (form: Record<string, string>, headers: Record<string, string> = {}) => visitor.context.request.post(`${server.issuer}/demo/discover`, { form, headers, maxRedirects: 0 })
    const csrf = await visitor.page.locator('form[action="/demo/restart"] input[name="csrf"]').inputValue()
    expect((await post({})).status()).toBe(403)
    expect((await post({ csrf }, { origin: 'https://elsewhere.example' })).status()).toBe(403)
    expect((await post({ csrf })).status()).toBe(303)
    const cookie = (await visitor.context.cookies(`${server.issuer}/demo`)).find(({ name }) => name === 'portner_demo')
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/demo' })
    await visitor.context.close()
  })

  test('sends a browser that came by another name to its own', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${server.issuer}/demo`.replace('localhost', 'demo.localhost'))
    expect(await page.getAttribute('html', 'data-page')).toBe('wrong-host')
    await page.click('#continue')
    expect(page.url()).toBe(`${server.issuer}/`)
    await page.click('#to-demo')
    expect(await page.getAttribute('html', 'data-page')).toBe('demo')
    await context.close()
  })

  test('copies a command', async () => {
    const visitor = await visit({ permissions: ['clipboard-read', 'clipboard-write'] })
    await visitor.page.click('[data-step="authorization"] summary')
    await visitor.page.click('[data-copy="curl-authorization-request"]')
    await visitor.page.waitForFunction("document.getElementById('copied').textContent !== ''")
    expect(await visitor.page.evaluate('navigator.clipboard.readText()')).toBe(await textOf(visitor, '[data-curl="authorization-request"]'))
    expect(visitor.complaints).toEqual([])
    await visitor.context.close()
  })

  const looks = [320, 1024].flatMap((width) => (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })))

  test.each(looks)('has no fault that axe finds and no sideways scroll: $width px, $colorScheme', async ({ width, colorScheme }) => {
    const options = { viewport: { width, height: 800 }, colorScheme }
    const visitor = await visit(options)
    const { page } = visitor
    const look = async (name: string): Promise<void> => {
      if (SHOTS !== undefined) {
        mkdirSync(SHOTS, { recursive: true })
        await page.screenshot({ path: `${SHOTS}/${name}-${width}-${colorScheme}.png`, fullPage: true })
      }
      await page.evaluate("document.querySelectorAll('main details').forEach((element) => { element.open = true })")
      const sideways = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().withTags(RULES).analyze()
      const faults = violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(', ')}`)
      expect({ sideways, faults }, name).toEqual({ sideways: 0, faults: [] })
    }
    await look('1-first')
    await press(visitor, '#authorize')
    await signIn(visitor)
    await act(visitor, 'redeem')
    await act(visitor, 'verify')
    for (const action of ['ask-userinfo', 'refresh', 'introspect', 'revoke', 'userinfo-again', 'wrong-redirect-uri', 'wrong-secret', 'machine']) await act(visitor, action)
    await act(visitor, 'code-twice')
    await page.waitForURL(/\/demo#code-twice/)
    await look('2-last')
    await page.goto(server.issuer)
    await look('0-home')
    expect(visitor.complaints).toEqual([])
    await visitor.context.close()
  }, 90_000)
})
