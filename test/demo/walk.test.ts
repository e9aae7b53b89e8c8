import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { act, openStage, press, runCommand, type Stage, signedIn, signIn, stateOf, statusOf, textOf, tokens, verdicts, visit } from './visitor.ts'

// The demo in a real browser: every step, every lesson, every command that it shows.

const path = chromiumPath()

describe.skipIf(path === undefined)('the demo in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage(path ?? '')
  })
  afterAll(() => stage?.close())

  describe.each([true, false])('with JavaScript: %s', (javaScriptEnabled) => {
    test('goes from the first page to verified tokens in six clicks, and on to the sign-out', async () => {
      const visitor = await tokens(stage, { javaScriptEnabled })
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
  })

  test('ends each mistake on the real error, without script', async () => {
    const visitor = await tokens(stage, { javaScriptEnabled: false })
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
      expect(stage.server.logged(), id).toContain(`"ref":"${reference}"`)
    }
    // The walk itself is none the worse.
    await act(visitor, 'ask-userinfo')
    expect(await statusOf(visitor, 'userinfo-request')).toBe('200')
    await visitor.page.click('[data-lesson="wrong-redirect-uri"] > p > a')
    expect(await visitor.page.getAttribute('html', 'data-page')).toBe('error')
    expect(visitor.complaints).toEqual([])
    await visitor.context.close()
  }, 60_000)

  test('leads from each mistake to its diagnosis, which names the cause', async () => {
    const visitor = await tokens(stage)
    const { page } = visitor
    for (const action of ['wrong-redirect-uri', 'wrong-secret', 'unknown-scope', 'wrong-audience']) await act(visitor, action)
    for (const action of ['code-twice', 'pkce-mismatch']) {
      await act(visitor, action)
      await page.waitForURL(new RegExp(`/demo#${action}`))
    }
    await act(visitor, 'refused-consent')
    await page.locator('#consent-deny, [data-account]').first().waitFor()
    if (await page.locator('[data-account]').isVisible()) await press(visitor, '[data-account]')
    await press(visitor, '#consent-deny')
    await page.waitForURL(/\/demo#refused-consent/)
    const exchanges = ['wrong-redirect-uri-1', 'wrong-secret-1', 'unknown-scope-1', 'wrong-audience-2', 'code-twice-2', 'pkce-mismatch-1', 'refused-consent-1']
    const links = await Promise.all(exchanges.map((id) => page.locator(`[data-exchange="${id}"] [data-diagnosis]`).getAttribute('href')))
    const causes: (string | null)[] = []
    for (const link of links) {
      await page.goto(`${stage.server.issuer}${link}`)
      causes.push(await page.locator('#cause').getAttribute('data-cause'))
    }
    expect(causes).toEqual(['redirect_uri.mismatch', 'client_auth.secret', 'scope.not_registered', 'token.audience', 'code.reused', 'pkce.mismatch', 'consent.refused'])
    expect(visitor.complaints).toEqual([])
    await visitor.context.close()
  }, 60_000)

  test('lets a mistake be made by somebody who has not signed in yet', async () => {
    const visitor = await visit(stage)
    await act(visitor, 'pkce-mismatch')
    await signIn(visitor, 'lin')
    expect(await statusOf(visitor, 'pkce-mismatch-1')).toBe('400')
    expect(await stateOf(visitor, 'authorization')).toBe('now')
    await visitor.context.close()
  })

  test('gets a token for a program, which userinfo refuses', async () => {
    const visitor = await visit(stage)
    await act(visitor, 'machine')
    expect(await Promise.all([1, 2, 3].map((n) => statusOf(visitor, `machine-${n}`)))).toEqual(['200', '403', '200'])
    expect((await runCommand(visitor, 'machine-1')).status).toBe(200)
    await visitor.context.close()
  })

  test('shows the warning of the http application', async () => {
    const visitor = await visit(stage)
    await act(visitor, 'plain-http')
    await press(visitor, '[data-provider="ntu"]')
    expect(await textOf(visitor, '#insecure-warning')).toContain('http://dev.planner.example')
    expect(visitor.complaints).toEqual([])
    await visitor.context.close()
  })

  test('shows a refusal, and starts again', async () => {
    const visitor = await visit(stage)
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
    const visitor = await visit(stage)
    await press(visitor, '#authorize')
    const away = visitor.page.url()
    await visitor.page.goto(`${stage.server.issuer}/demo/callback?code=stolen&state=of-somebody-else&iss=https%3A%2F%2Felsewhere.example`)
    expect(await verdicts(visitor, 'callback')).toEqual({ state: 'false', iss: 'false', code: 'true' })
    expect(await visitor.page.locator('[data-action="redeem"]').count()).toBe(0)
    await visitor.page.goto(away)
    await signIn(visitor)
    expect(await verdicts(visitor, 'callback')).toEqual({ state: 'true', iss: 'true', code: 'true' })
    await visitor.context.close()
  })

  test('sends what was chosen', async () => {
    const visitor = await visit(stage)
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
    const visitor = await visit(stage)
    expect((await runCommand(visitor, 'discovery-request')).body).toContain(`"issuer":"${stage.server.issuer}"`)
    expect((await runCommand(visitor, 'authorization-request')).status).toBe(303)
    await press(visitor, '#authorize')
    await signIn(visitor)
    // What the button would have done; then the button finds a used code, as it must.
    expect(JSON.parse((await runCommand(visitor, 'token-request')).body)).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String), id_token: expect.any(String), refresh_token: expect.any(String) })
    await act(visitor, 'redeem')
    expect(await statusOf(visitor, 'token-request')).toBe('400')
    await visitor.context.close()

    const second = await tokens(stage)
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
    const visitor = await signedIn(stage)
    const csrf = await visitor.page.locator('form[action="/demo/redeem"] input[name="csrf"]').inputValue()
    const answers = await Promise.all([1, 2, 3].map(() => visitor.context.request.post(`${stage.server.issuer}/demo/redeem`, { form: { csrf }, maxRedirects: 0 })))
    expect(answers.map((answer) => answer.status())).toEqual([303, 303, 303])
    await visitor.page.reload()
    expect(await statusOf(visitor, 'token-request')).toBe('200')
    await act(visitor, 'verify')
    await act(visitor, 'ask-userinfo')
    expect(await statusOf(visitor, 'userinfo-request')).toBe('200')
    await visitor.context.close()
  })

  test('refuses forms of other sites and keeps its cookie from script and from other paths', async () => {
    const visitor = await visit(stage)
    const post = (form: Record<string, string>, headers: Record<string, string> = {}) => visitor.context.request.post(`${stage.server.issuer}/demo/discover`, { form, headers, maxRedirects: 0 })
    const csrf = await visitor.page.locator('form[action="/demo/restart"] input[name="csrf"]').inputValue()
    expect((await post({})).status()).toBe(403)
    expect((await post({ csrf }, { origin: 'https://elsewhere.example' })).status()).toBe(403)
    expect((await post({ csrf })).status()).toBe(303)
    const cookie = (await visitor.context.cookies(`${stage.server.issuer}/demo`)).find(({ name }) => name === 'portner_demo')
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/demo' })
    await visitor.context.close()
  })

  test('sends a browser that came by another name to its own', async () => {
    const context = await stage.browser.newContext()
    const page = await context.newPage()
    await page.goto(`${stage.server.issuer}/demo`.replace('localhost', 'demo.localhost'))
    expect(await page.getAttribute('html', 'data-page')).toBe('wrong-host')
    await page.click('#continue')
    expect(page.url()).toBe(`${stage.server.issuer}/`)
    await page.click('#to-demo')
    expect(await page.getAttribute('html', 'data-page')).toBe('demo')
    await context.close()
  })

  test('copies a command', async () => {
    const visitor = await visit(stage, { permissions: ['clipboard-read', 'clipboard-write'] })
    await visitor.page.click('[data-step="authorization"] summary')
    await visitor.page.click('[data-copy="curl-authorization-request"]')
    await visitor.page.locator('#copied:not(:empty)').waitFor({ state: 'attached' })
    expect(await visitor.page.evaluate('navigator.clipboard.readText()')).toBe(await textOf(visitor, '[data-curl="authorization-request"]'))
    expect(visitor.complaints).toEqual([])
    await visitor.context.close()
  })
})
