import { afterAll, beforeAll, expect, test } from 'vitest'
import { breaks } from '../../src/demo/lessons/index.ts'
import type { Cause } from '../../src/protocol/causes.ts'
import { type Browser, forms, newBrowser, type Page, pageName } from '../support/browser.ts'
import { providerLink } from '../support/relying-party.ts'
import { type DemoServer, startDemoServer } from './demo-server.ts'

// Every "break it" button of /demo, pressed by somebody without script: it ends on the real error, and that on its diagnosis.

let server: DemoServer
beforeAll(async () => {
  server = await startDemoServer({ PORTNER_TEST_CLOCK: '1' })
})
afterAll(() => server.close())

interface Ending {
  readonly error: string
  readonly cause: Cause
  /** What the person answers when asked for consent. */
  readonly decision?: 'deny'
  /** The button is pressed again after so many seconds. */
  readonly again?: number
}

const endings: Readonly<Record<string, Ending>> = {
  'wrong-redirect-uri': { error: 'invalid_request', cause: 'redirect_uri.mismatch' },
  'wrong-secret': { error: 'invalid_client', cause: 'client_auth.secret' },
  'code-twice': { error: 'invalid_grant', cause: 'code.reused' },
  'code-expired': { error: 'invalid_grant', cause: 'code.expired', again: 75 },
  'pkce-mismatch': { error: 'invalid_grant', cause: 'pkce.mismatch' },
  'unknown-scope': { error: 'invalid_scope', cause: 'scope.not_registered' },
  'wrong-audience': { error: 'invalid_token', cause: 'token.audience' },
  'refused-consent': { error: 'access_denied', cause: 'consent.refused', decision: 'deny' },
}

/** Presses a button of /demo and goes through whatever pages come, as Ada. */
async function press(browser: Browser, action: string, decision = 'allow'): Promise<Page> {
  const form = forms(await browser.open('/demo')).find((one) => one.action === `/demo/${action}`)
  if (form === undefined) throw new Error(`there is no button ${action}`)
  return goOn(browser, await browser.open(form.action, { method: 'POST', body: new URLSearchParams(form.fields), headers: { 'content-type': 'application/x-www-form-urlencoded' } }), decision)
}

async function goOn(browser: Browser, start: Page, decision = 'allow'): Promise<Page> {
  let page = start
  for (let i = 0; i < 8; i++) {
    const name = pageName(page)
    if (name === 'discovery') page = await browser.open(providerLink(page, 'ntu'))
    else if (name === 'chooser') page = await browser.submit(page, 'account', { account: /data-account="([^"]+)"/.exec(page.html)?.[1] ?? '' })
    else if (name === 'login') page = await browser.submit(page, 'username', { username: 'ada', password: 'demo-ada' })
    else if (name === 'consent') page = await browser.submit(page, 'decision', { decision })
    else return page
  }
  return page
}

/** The part of the page that a lesson has. */
function lessonOf({ html }: Page, id: string): string {
  return html.split(/(?=data-lesson=")/).find((part) => part.startsWith(`data-lesson="${id}"`)) ?? ''
}

const linksIn = (lesson: string): readonly string[] => [...lesson.matchAll(/<a [^>]*data-diagnosis[^>]*>/g)].map(([tag]) => /href="([^"]+)"/.exec(tag)?.[1] ?? '')

test('every button is one of the story', () => {
  expect(breaks.map(({ id }) => id).toSorted()).toEqual(Object.keys(endings).toSorted())
})

test.each(Object.entries(endings))('%s', async (id, { error, cause, decision, again }) => {
  const browser = newBrowser(server.issuer)
  await press(browser, id, decision)
  if (again !== undefined) {
    // Too soon: nothing is shown yet, and nothing is spent.
    expect(linksIn(lessonOf(await press(browser, id), id))).toEqual([])
    await server.advance(again)
    await press(browser, id)
  }
  const lesson = lessonOf(await browser.open('/demo'), id)
  expect(lesson).toContain(error)
  const pages: string[] = []
  for (const link of linksIn(lesson)) pages.push((await goOn(browser, await browser.open(link))).html)
  expect(pages.map((html) => /data-cause="([^"]+)"/.exec(html)?.[1])).toContain(cause)
})
