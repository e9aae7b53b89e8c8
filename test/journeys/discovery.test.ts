import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf, launchChromium, newPerson, type Person, shown } from '../support/chromium-page.ts'
import { authorizationUrl, newPkce, providerLink } from '../support/relying-party.ts'
import { begin, linkOf, signIn } from './person.ts'

// Finding one's own among three hundred institutions.

const TOWNS = ['Århus', 'Bergen', 'Çorum', 'Dąbrowa', 'Évora', 'Falun', 'Gävle', 'Hämeenlinna', 'İzmir', 'Jönköping', 'Köln', 'Łódź', 'Málaga', 'Nîmes', 'Østfold', 'Pärnu', 'Québec', 'Röst', 'Sønderborg', 'Tromsø']
const KINDS = ['University of', 'Technical University of', 'College of', 'School of Economics', 'Academy of Music', 'Institute of', 'Polytechnic', 'Library of', 'Hospital of', 'Museum of', 'Observatory of', 'School of Art', 'Business School', 'Seminary of', 'Conservatory of']

function providers(): string {
  const all = TOWNS.flatMap((town, t) => KINDS.map((kind, k) => `kind: provider\nprovider_id: p${t * KINDS.length + k}\nprotocol: local\nname: ${kind} ${town}\ncountry: ${['no', 'se', 'fi'][t % 3] === 'no' ? "'no'" : ['no', 'se', 'fi'][t % 3]}\n`))
  return [...all, 'kind: provider\nprovider_id: tu\nprotocol: local\nname: University of Somewhere Else\nkeywords: [TU]\n', 'kind: provider\nprovider_id: daigaku\nprotocol: local\nname: { en: Tokyo Test, nb: 東京大学 }\n', 'kind: provider\nprovider_id: jamia\nprotocol: local\nname: { en: Cairo Test, nb: جامعة القاهرة }\n'].join('---\n')
}

let server: TestServer
let browser: Browser | undefined
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(providers())
  if (chromiumPath() !== undefined) browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await server.close()
})

function rows(html: string): readonly string[] {
  const list = /id="providers"[\s\S]*?<\/ul>/.exec(html)?.[0] ?? ''
  return [...list.matchAll(/data-provider="([^"]+)"/g)].map(([, id = '']) => id)
}

describe('without script', () => {
  const search = async (query: string) => {
    const person = newBrowser(server.issuer)
    const { page } = await begin(person, server.issuer)
    return person.submit(page, 'q', { q: query })
  }

  test('type, Enter, click: the sign-in page of that institution', async () => {
    const person = newBrowser(server.issuer)
    const { page } = await begin(person, server.issuer)
    const found = await person.submit(page, 'q', { q: 'NTU' })
    expect(rows(found.html)[0]).toBe('ntu')
    expect(pageName(await signIn(person, await person.open(providerLink(found, 'ntu')), 'ada'))).toBe('consent')
  })

  test.each([['tu', 'tu'], ['TU', 'tu'], ['大学', 'daigaku'], ['جامعة', 'jamia'], ['university somewhere', 'tu'], ['some univ', 'tu'], ['ntu.example', 'ntu'], ['hogskolen', 'lunmal'], ['Høgskolen i Lunmal', 'lunmal'], ['observatory tromso', 'p295'], ['bservatory of trom', 'p295']])('%s finds %s first', async (query, first) => {
    expect(rows((await search(query)).html)[0]).toBe(first)
  })

  test.each([['evora', 4], ['ÉVORA', 4], ['ostfold', 14], ['lodz', 11], ['jonkoping', 9], ['izmir', 8], ['dabr', 3]])('%s finds the fifteen of that town and no other', async (query, town) => {
    const { html } = await search(query)
    expect(rows(html)).toHaveLength(10)
    expect(rows(html).map((id) => Math.floor(Number(id.slice(1)) / KINDS.length))).toEqual(Array.from({ length: 10 }, () => town))
    expect(html).toContain('15 institutions found')
  })

  test('what begins a word comes before what is within one', async () => {
    const names = [...(await search('tech')).html.matchAll(/class="name">([^<]*)</g)].map(([, name = '']) => name)
    expect(names.every((name) => name.startsWith('Technical'))).toBe(true)
  })

  test('nothing found: the heading says so with the query, and the list stays', async () => {
    const none = await search('qqqzzz <b>')
    expect(none.html).toContain('qqqzzz &lt;b&gt;')
    expect(none.html).not.toMatch(/<ul id="no-match" hidden/)
    expect(rows(none.html).length).toBeGreaterThan(0)
  })

  test('pages of at most 25 rows, by link', async () => {
    const person = newBrowser(server.issuer)
    let { page } = await begin(person, server.issuer)
    const seen = new Set<string>()
    for (let i = 0; i < 4; i++) {
      expect(rows(page.html).length).toBeLessThanOrEqual(25)
      for (const id of rows(page.html)) seen.add(id)
      page = await person.open(linkOf(page, 'providers-next'))
    }
    expect(seen.size).toBe(40)
  })

  test('any query gives a page', async () => {
    for (const query of ['%', '_', '\\', "'", '"', '<script>', 'a'.repeat(3000), '   ', '%00', '😀', '‮'] ) expect((await search(query)).status, query).toBe(200)
  })
})

describe.skipIf(chromiumPath() === undefined)('in Chromium', () => {
  async function as(story: (person: Person) => Promise<void>): Promise<void> {
    if (browser === undefined) return
    const person = await newPerson(browser)
    try {
      await person.page.goto(authorizationUrl(server.issuer, newPkce()))
      // What is typed before the cursor stands in the field is nobody's.
      await person.page.waitForSelector('#q:focus')
      await story(person)
      expect(person.complaints).toEqual([])
    } finally {
      await person.context.close()
    }
  }

  const first = (page: Page, id: string) => page.waitForSelector(`#providers li:first-child [data-provider=${id}]`)
  const focused = (page: Page) => page.evaluate("document.activeElement?.dataset.provider ?? document.activeElement?.id")

  test('the list follows the typing; arrows, Enter, Escape and Tab do what one expects', () =>
    as(async ({ page }) => {
      expect(await focused(page)).toBe('q')
      await page.keyboard.type('evora')
      await page.waitForSelector('#providers li:first-child .name:has-text("Évora")')
      await page.keyboard.press('ArrowDown')
      const firstRow = await focused(page)
      await page.keyboard.press('ArrowDown')
      const secondRow = await focused(page)
      expect([firstRow, secondRow]).toEqual(await page.evaluate("[...document.querySelectorAll('#providers a')].slice(0, 2).map((link) => link.dataset.provider)"))
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('ArrowUp')
      expect(await focused(page)).toBe('q')
      await page.keyboard.press('Escape')
      expect(await page.inputValue('#q')).toBe('')
      await page.keyboard.type('ntu')
      await first(page, 'ntu')
      await page.waitForSelector('#providers li:only-child')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#login-form')
      expect(page.url()).toContain('provider=ntu')
      await page.goBack()
      expect(await shown(page)).toBe('discovery')
    }))

  test('the number found is told once typing stops, and axe finds nothing on the changed list', () =>
    as(async ({ page }) => {
      await page.keyboard.type('falun')
      await page.waitForSelector('#search-status:has-text("15 institutions found")')
      expect(await faultsOf(page)).toEqual([])
      await page.fill('#q', 'qqqzzz')
      await page.waitForSelector('#no-match:not([hidden])')
      expect(await faultsOf(page)).toEqual([])
    }))

  test('of an e-mail address only the domain leaves the browser', () =>
    as(async ({ page }) => {
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.keyboard.type('ada.lovelace@ntu.example')
      await first(page, 'ntu')
      await page.waitForSelector('#providers li:only-child')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#login-form')
      expect(asked.filter((url) => /lovelace%40|lovelace@/.test(url))).toEqual([])
      expect(server.logged()).not.toContain('lovelace')
    }))

  test('half an answer of an earlier key does not overtake a later one', () =>
    as(async ({ page, context }) => {
      await context.route(/q=b$|q=b&/, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 500))
        await route.continue().catch(() => undefined)
      })
      await page.keyboard.type('be')
      const others = page.locator('#providers .name:not(:has-text("Bergen"))')
      await page.waitForSelector('#providers .name:has-text("Bergen")')
      expect(await others.count()).toBe(0)
      await page.waitForTimeout(700)
      expect(await others.count()).toBe(0)
    }))
})
