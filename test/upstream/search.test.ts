import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allVersions } from '../../src/protocol/localized-text.ts'
import { fold } from '../../src/lib/fold.ts'
import { readQuery } from '../../src/upstream/read-query.ts'
import { misspelt } from '../../src/upstream/one-typo.ts'
import { type ProviderSearch, searchProviders } from '../../src/upstream/search.ts'
import { noteUse } from '../../src/upstream/uses.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { institutions, languages, saveInstitutions } from '../support/institutions.ts'

// Ten thousand institutions in more than twenty languages, and how people look for theirs.

/** A change is seen after a moment. */
const SEEN = { timeout: 5000 }

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await saveInstitutions(server.ctx, institutions(10_000))
}, 60_000)
afterAll(() => server.close())

async function search(query: string, changes: Partial<ProviderSearch> = {}): Promise<{ readonly ids: readonly string[]; readonly total: number }> {
  const { found, total } = await searchProviders(server.ctx, { clientKey: '0', rules: ['all'], query, country: undefined, onlyCountry: false, offset: 0, limit: 25, ...changes })
  return { ids: found.map(({ provider }) => provider.provider_id), total }
}

test('there are ten thousand of them, in twenty languages and more', async () => {
  expect(languages.length).toBeGreaterThanOrEqual(20)
  expect((await search('')).total).toBe(10_002)
})

describe('what is typed finds', () => {
  test.each([
    ['a name without its diacritics', 'ecole polytechnique nimes', 'fr-nimes-it'],
    ['a name with them', 'École polytechnique de Nîmes', 'fr-nimes-it'],
    ['another letter for ø', 'hogskolen i bodo', 'no-bodo-uas'],
    ['ß as ss', 'universitat meissen', 'de-meissen-u'],
    ['ł as l', 'uniwersytet w belchatow', 'pl-belchatow-u'],
    ['the Turkish dotless ı', 'igdir universitesi', 'tr-igdir-u'],
    ['Greek without accents, final sigma typed as any', 'πανεπιστημιο αργοσ', 'gr-argos-u'],
    ['Cyrillic', 'орел университет', 'kz-oryol-u'],
    ['Arabic, whatever hamza the alef has', 'جامعة اسوان', 'eg-aswan-u'],
    ['Hebrew', 'אוניברסיטת אילת', 'il-eilat-u'],
    ['Thai, within a name without spaces', 'มหาวิทยาลัยกระบี่', 'th-krabi-u'],
    ['Chinese', '台北大学', 'tw-taipei-u'],
    ['Japanese', '松本大学', 'jp-matsumoto-u'],
    ['Korean', '강릉대학교', 'kr-gangneung-u'],
    ['the English name of the same', 'university of gangneung', 'kr-gangneung-u'],
    ['words in any order', 'taipei university of', 'tw-taipei-u'],
    ['beginnings of words', 'akur techn', 'is-akureyri-it'],
    ['a part of a word', 'kureyri institute', 'is-akureyri-it'],
    ['a domain', 'u.keswick.gb.example', 'gb-keswick-u'],
    ['an e-mail address', 'lee@u.keswick.gb.example', 'gb-keswick-u'],
    ['an e-mail address below a domain', 'lee@students.cs.u.keswick.gb.example', 'gb-keswick-u'],
    ['full-width letters', 'ＫＥＳＷＩＣＫ university', 'gb-keswick-u'],
    ['two letters in the wrong order', 'univresity of keswick', 'gb-keswick-u'],
    ['a letter too few', 'university of kewick', 'gb-keswick-u'],
    ['a letter too many', 'university of kesswick', 'gb-keswick-u'],
    ['another letter', 'university of keswock', 'gb-keswick-u'],
    ['a wrong first letter', 'university of meswick', 'gb-keswick-u'],
    ['a typo in the middle of a beginning', 'kewsi univ', 'gb-keswick-u'],
    ['a typo that makes a word of another name', 'universidade tamar', 'pt-tomar-u'],
    ['a domain with a letter too many at its beginning', 'uu.keswick', 'gb-keswick-u'],
  ])('%s', async (_how, query, wanted) => {
    const { ids } = await search(query)
    expect(ids).toContain(wanted)
    // Nothing of another town.
    expect(ids.filter((id) => !id.startsWith(wanted.replace(/[^-]*$/, '')))).toEqual([])
  })

  test.each([['大学', 200], ['대학교', 200], ['มหาวิทยาลัย', 80], ['جامعة', 80]])('%s in all the names that have it', async (query, least) => {
    expect((await search(query)).total).toBeGreaterThan(least)
  })

  test('an abbreviation first', async () => {
    const { found } = await searchProviders(server.ctx, { clientKey: '1', rules: ['all'], query: 'KEU', country: undefined, onlyCountry: false, offset: 0, limit: 25 })
    const abbreviated = found.map(({ provider }) => provider.keywords.includes('KEU'))
    expect(new Set(abbreviated)).toEqual(new Set([true, false]))
    expect(abbreviated).toEqual(abbreviated.toSorted((one, other) => Number(other) - Number(one)))
    expect((await search('E.T.H.')).total).toBe((await search('eth')).total)
  })

  test('a name that begins so before one that has such a word, before one with it inside a word', async () => {
    const { found } = await searchProviders(server.ctx, { clientKey: '1', rules: ['all'], query: 'nan', country: undefined, onlyCountry: false, offset: 0, limit: 100 })
    const places = found.map(({ provider }) => {
      const names = allVersions(provider.name).map(fold)
      return names.some((name) => name.startsWith('nan')) ? 2 : names.some((name) => name.includes(' nan')) ? 1 : 0
    })
    expect(new Set(places)).toEqual(new Set([2, 1, 0]))
    expect(places).toEqual(places.toSorted((a, b) => b - a))
  })

  test('no typo where something matches as it is', async () => {
    const right = await search('keswick')
    expect(right.ids.every((id) => id.includes('keswick'))).toBe(true)
    expect((await search('malm')).ids.some((id) => id.includes('palm'))).toBe(false)
  })

  test('nothing for two typos, in one word or in two', async () => {
    expect((await search('univresiyt of keswick')).total).toBe(0)
    expect((await search('univresity of kewsick')).total).toBe(0)
  })

  test('one or two letters only at the beginning of a word, two signs anywhere where words have no spaces', async () => {
    expect((await search('zz')).total).toBe(0)
    expect((await search('esw')).total).toBeGreaterThan(0)
    expect((await search('本大')).ids[0]).toBe('jp-matsumoto-u')
    expect((await search('keswick es')).total).toBe(0)
  })

  test('of a domain only whole labels', async () => {
    expect((await search('keswick unorth')).ids).toEqual(['gb-keswick-u-north'])
  })

  // Rare words and common ones are found in two ways; a third way is to read all of it.
  test('is what one who reads all names and domains finds', async () => {
    // The demo's own are Norwegian.
    const all = institutions(10_000).filter(({ country }) => country !== 'no')
    const texts = all.map(({ provider_id, name, keywords, realms = [] }) => [...allVersions(name), ...keywords, provider_id].map(fold).flatMap((text) => text.split(' ')).concat(realms))
    const has = (words: readonly string[], typed: string): boolean => words.some((word) => word.startsWith(typed) || (typed.length >= 3 && word.includes(word.includes('.') ? `.${typed}` : typed)))
    const rules = [...new Set(all.map(({ country }) => `country:${country ?? ''}`))]
    const part = fc.record({ word: fc.nat(100), from: fc.nat(2), length: fc.integer({ min: 1, max: 9 }) })
    const typed = fc.tuple(fc.nat(all.length - 1), fc.array(part, { minLength: 1, maxLength: 3 }))
    await fc.assert(fc.asyncProperty(typed, async ([at, parts]) => {
      const own = (texts[at] ?? []).filter((word) => /^[a-z.]+$/.test(word))
      const query = parts.map(({ word, from, length }) => {
        const text = own[word % own.length] ?? ''
        const start = text.includes('.') || length < 3 ? 0 : from
        return text.slice(start, start + length).replace(/\.$/, '')
      }).filter((text) => text !== '')
      const asked = readQuery(query.join(' ')).words
      const expected = texts.filter((words) => asked.every((word) => has(words, word))).length
      if (expected > 0) expect((await search(query.join(' '), { rules, limit: 1 })).total, query.join(' ')).toBe(expected)
    }), { numRuns: 150 })
  })
})

describe('pages and filters', () => {
  test('each provider is on one page, with a typo too', async () => {
    for (const query of ['keswick', 'kewsick']) {
      const { total } = await search(query)
      const pages = await Promise.all(Array.from({ length: Math.ceil(total / 10) }, (_page, i) => search(query, { offset: i * 10, limit: 10 })))
      expect(new Set(pages.flatMap(({ ids }) => ids)).size, query).toBe(total)
    }
    expect((await search('keswick', { offset: 4000 })).total).toBeGreaterThan(0)
  })

  test('what the client does not accept is not found, by whatever is typed', async () => {
    const found = async (rules: readonly string[], query: string): Promise<readonly string[]> => (await search(query, { rules })).ids
    expect(await found(['country:no'], 'keswick')).toEqual([])
    expect(await found(['country:no'], 'lee@u.keswick.gb.example')).toEqual([])
    expect(await found(['country:no'], 'kewsick')).toEqual([])
    expect(await found(['gb-keswick-u'], 'keswick')).toEqual(['gb-keswick-u'])
    expect(await found(['realm:u.keswick.gb.example', 'no-bodo-u'], '')).toHaveLength(2)
    expect(await found(['protocol:saml'], 'university')).toEqual([])
  })

  test('the country\'s own first, then what is used most at this client, then by name', async () => {
    const { ids } = await search('', { country: 'is' })
    expect(ids.every((id) => id.startsWith('is-'))).toBe(true)
    const query = 'university vik'
    const before = (await search(query)).ids
    expect(before.indexOf('is-vik-u')).toBeGreaterThanOrEqual(0)
    const { rows } = await server.ctx.hot({ name: 'client', text: `select client_key::text from clients where client_id = 'planner'` }, []).then((list) => ({ rows: list }))
    const clientKey = String(rows[0]?.[0])
    noteUse(server.ctx, clientKey, 'is-vik-mu')
    await expect.poll(() => server.ctx.hot({ name: 'use', text: 'select 1 from provider_uses where client_key = $1' }, [clientKey]), SEEN).toHaveLength(1)
    expect((await search('', { country: 'is', clientKey })).ids[0]).toBe('is-vik-mu')
    expect((await search('', { country: 'is', clientKey: '0' })).ids[0]).not.toBe('is-vik-mu')
    expect((await search('', { country: 'is', clientKey, first: ['gb-keswick-u'] })).ids[0]).toBe('gb-keswick-u')
  })

  test('another name is found at once by its words, rare or common, and no more by the former', async () => {
    const changed = institutions(10_000).find(({ provider_id }) => provider_id === 'gb-keswick-u')
    if (changed === undefined) return
    const totals = async (): Promise<readonly number[]> => Promise.all(['keswick', 'skiddaw', 'university', 'o'].map(async (query) => (await search(query)).total))
    const [former = 0, none, common = 0, letters = 0] = await totals()
    expect(none).toBe(0)
    await saveInstitutions(server.ctx, [{ ...changed, name: 'Skiddaw', keywords: [], realms: ['skiddaw.gb.example'] }])
    // What its id says stays.
    await expect.poll(totals, SEEN).toEqual([former, 1, common - 1, letters - 1])
    await saveInstitutions(server.ctx, [changed])
    await expect.poll(totals, SEEN).toEqual([former, 0, common, letters])
  })

  test('one that is disabled or hidden is not listed', async () => {
    const [one, two] = institutions(2)
    if (one === undefined || two === undefined) return
    await saveInstitutions(server.ctx, [{ ...one, hidden: true }, { ...two, disabled: true }])
    await expect.poll(async () => (await search('')).total, SEEN).toBe(10_000)
    await saveInstitutions(server.ctx, [one, two])
    await expect.poll(async () => (await search('')).total, SEEN).toBe(10_002)
  })
})

describe('whatever is typed', () => {
  test('is answered', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 40 }), async (query) => (await search(query, { limit: 10 })).ids.length <= 10), { numRuns: 60 })
  })

  test('folds to words of letters, digits and dots, and folding them again changes nothing', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
      const folded = fold(text)
      expect(folded).toMatch(/^[\p{L}\p{N}. ]*$/u)
      expect(fold(folded)).toBe(folded)
    }))
  })

  test('loses the part of an address before the @', () => {
    fc.assert(fc.property(fc.stringMatching(/^[a-z]{5,12}$/), (local) => {
      expect(readQuery(`${local}@uni.example`)).toEqual({ words: ['uni.example'], isAddress: true })
    }))
  })

  test('with one typo is among what may have been meant, and with none of the letters it is not', () => {
    fc.assert(fc.property(fc.stringMatching(/^[a-z]{5,12}$/), fc.nat(20), fc.constantFrom('q', 'z', 'x'), fc.nat(3), (word, at, letter, kind) => {
      const i = at % word.length
      const typed = [word.slice(0, i) + word.slice(i + 1), word.slice(0, i) + letter + word.slice(i), word.slice(0, i) + letter + word.slice(i + 1), word.slice(0, i) + (word[i + 1] ?? '') + (word[i] ?? '') + word.slice(i + 2)][kind] ?? ''
      const meant = misspelt(typed)
      if (meant === undefined) return
      const isLike = (pattern: string): boolean => new RegExp(`^${pattern.replaceAll('_', '.').replace('%', '')}`).test(word)
      const found = meant.starts.some(({ certain, pattern }) => word.startsWith(certain) && isLike(pattern)) || (word.includes(meant.tail) && meant.within.some(isLike))
      expect(typed === word || word.startsWith(typed) || found, typed).toBe(true)
    }))
  })
})
