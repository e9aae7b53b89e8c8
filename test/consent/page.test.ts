import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { answered, begin, chooseProvider, decide, signIn, startAfresh } from '../journeys/person.ts'
import { textById } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import type { Parameters } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// What the consent page says of applications, of APIs and of time; in the person's language, and as it is.

const diary = (receives: string) => `kind: api
api_id: diary
name: { en: Diary, nb: Dagbok }
organization: lunmal
receives: [${receives}]
title: { en: Read your diary, nb: Lese dagboken din }
scopes:
  write: { title: { en: Write into your diary } }
`

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(`${diary('userid, email')}---
kind: scope
scope: nobody.translated
title: { en: Do what has English words only }
---
kind: client
client_id: lender
client_secret: { value: ${SECRET} }
client_name: Lender
redirect_uris: [https://lender.example.org/callback]
scope: openid profile loans.read
---
kind: scope
scope: loans.read
title: { en: Show your loans }
consent: { single_use: true, max_days: 365 }
---
kind: client
client_id: reader
client_secret: { value: ${SECRET} }
client_name: { en: Reader, nb: Leser, fi: Lukija }
redirect_uris: [https://reader.example.org/callback]
scope: openid profile email gk_diary gk_diary_write nobody.translated offline_access
optional_scopes: [gk_diary_write]
policy_uri: https://reader.example.org/privacy
`)
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

const reader: Parameters = { client_id: 'reader', redirect_uri: 'https://reader.example.org/callback', scope: 'openid email gk_diary gk_diary_write nobody.translated' }

const lender: Parameters = { client_id: 'lender', redirect_uri: 'https://lender.example.org/callback' }

async function toConsent(changes: Parameters = reader, browser: Browser = newBrowser(server.issuer)): Promise<Page> {
  const { page } = await begin(browser, server.issuer, changes)
  return signIn(browser, await chooseProvider(browser, page, 'ntu'), 'ada')
}

/** What a screen reader reads of the page, block by block. */
function transcript(page: Page): readonly string[] {
  const main = /<main[^>]*>([\s\S]*)<\/main>/.exec(page.html)?.[1] ?? ''
  return main
    .replaceAll(/<details>[\s\S]*?<\/details>/g, '')
    .split(/<\/?(?:h1|h2|p|li|ul|dt|dd|div|form|fieldset|legend|label|button|dl|a)\b[^>]*>/)
    .map((part) => part.replaceAll(/<[^>]*>/g, '').replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll(/\s+/g, ' ').replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'USER-ID').trim())
    .filter((part) => part !== '' && part !== '·')
}

describe('the page as it is read', () => {
  test.each(['en', 'nb', 'fi'])('in %s', async (locale) => {
    expect(transcript(await toConsent({ ...reader, ui_locales: locale }))).toMatchSnapshot()
  })

  test('a scope without words in the language has those of the default, none a bare name', async () => {
    const page = await toConsent({ ...reader, ui_locales: 'fi' })
    const items = transcript(page).join('\n')
    expect(items).toContain('Do what has English words only')
    for (const name of ['gk_diary', 'nobody.translated']) expect(items).not.toContain(name)
    expect(page.html).toContain('<code>openid email gk_diary gk_diary_write nobody.translated</code>')
  })
})

describe('an API', () => {
  test('is told by name, with who runs it and what it gets to know, in the own values', async () => {
    const item = /<li data-scope="gk_diary">[\s\S]*?<\/ul>/.exec((await toConsent()).html)?.[0] ?? ''
    expect(item).toContain('Read your diary')
    expect(item).toMatch(/Through <bdi>Diary<\/bdi>, run by <bdi>Lunmal University College<\/bdi>/)
    expect(item.match(/data-receives="[^"]+"/g)).toEqual(['data-receives="userid"', 'data-receives="email"'])
    expect(item).toContain('ada@ntu.example')
  })

  test('that wants to know more later is asked for again, with what the application has beside it', async () => {
    await server.apply(diary('userid'))
    const browser = newBrowser(server.issuer)
    answered(await decide(browser, await toConsent(reader, browser), 'allow'))
    expect(answered((await begin(browser, server.issuer, { ...reader, prompt: 'none' })).page)).toHaveProperty('code')
    await server.apply(diary('userid, phone'))
    expect(answered((await begin(browser, server.issuer, { ...reader, prompt: 'none' })).page)).toMatchObject({ error: 'consent_required' })
    const { page } = await begin(browser, server.issuer, { ...reader, login_hint: 'ada' })
    expect(pageName(page)).toBe('consent')
    expect(/id="consent-items"[\s\S]*?id="consent-already"/.exec(page.html)?.[0]).toMatch(/data-scope="gk_diary"[\s\S]*data-receives="phone"[\s\S]*\+4712345678/)
    answered(await decide(browser, page, 'allow'))
    expect(answered((await begin(browser, server.issuer, { ...reader, prompt: 'none' })).page)).toHaveProperty('code')
    await server.apply(diary('userid'))
  })
})

describe('how long it lasts, as tokens are made', () => {
  test.each([
    ['with refresh tokens', {}, 'at most 7 days after each sign-in'],
    ['with offline_access', { scope: 'openid offline_access' }, 'also while you are signed out'],
    ['for so many days', { ...lender, scope: 'openid loans.read.100' }, 'This holds for 100 days'],
    ['once', { ...lender, scope: 'openid loans.read' }, 'for this one time'],
    ['without', { client_id: 'reader', redirect_uri: 'https://reader.example.org/callback', scope: 'openid' }, '1 hour after each sign-in'],
  ])('%s', async (_name, changes, words) => {
    expect(textById(await toConsent(changes), 'consent-duration')).toContain(words)
  })

  test('what ends by itself says so beside what does not', async () => {
    const page = await toConsent({ ...lender, scope: 'openid profile loans.read.100' })
    expect(textById(page, 'consent-duration')).toContain('1 hour after each sign-in')
    expect(page.html).toMatch(/Show your loans[^]*For 100 days<\/p><\/li>/)
  })
})
