import fc from 'fast-check'
import { EqualityFilter, FilterParser, OrFilter } from 'ldapts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sql } from 'kysely'
import { fillFilter, filterFault } from '../../src/upstream/ldap-filter.ts'
import { directoryOf, frontValue, isBelow, isName } from '../../src/upstream/ldap-name.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { BASE, type Directory, ldapYaml, startDirectory, withoutSlapd } from '../support/upstream-ldap.ts'
import { toLogin } from './directory-journey.ts'

// What a person types stays a value.

const TEMPLATE = '(|(uid={username})(mail={username}))'

/** A reading of RFC 4515 that knows nothing of how the filter was written: the values of all items, in order. */
function valuesOf(filter: string): readonly string[] | undefined {
  const values: string[] = []
  let at = 0
  const read = (): boolean => {
    if (filter[at++] !== '(') return false
    if ('&|!'.includes(filter[at] ?? '')) {
      at++
      while (filter[at] === '(') if (!read()) return false
    } else {
      const end = filter.indexOf(')', at)
      const item = /^[\w-]+=([^()*\0]*)$/.exec(filter.slice(at, end))
      if (end < 0 || item === null) return false
      values.push((item[1] ?? '').replaceAll(/\\([0-9a-f]{2})/g, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))))
      at = end
    }
    return filter[at++] === ')'
  }
  return read() && at === filter.length ? values : undefined
}

const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('(', ')', '*', '\\', '\0', '|', '&', '!', '=', ':', '{', '}', '2', 'a', 'ø', 'u') }))

describe('a filter', () => {
  test('has whatever was typed as its value, and nothing more', () => {
    fc.assert(
      fc.property(anything, (username) => {
        expect(valuesOf(fillFilter(TEMPLATE, { username }))).toEqual([username, username])
      }),
      { numRuns: 2000 },
    )
  })

  test('is read by the library as it was meant', () => {
    fc.assert(
      fc.property(anything, (username) => {
        const read = FilterParser.parseString(fillFilter(TEMPLATE, { username }))
        expect(read).toBeInstanceOf(OrFilter)
        const items = read instanceof OrFilter ? read.filters : []
        expect(items.map((item) => item instanceof EqualityFilter && [item.attribute, item.value])).toEqual([['uid', username], ['mail', username]])
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    '(uid={username})',
    '(&(objectClass=person)(|(uid={username})(mail={username})))',
    '(!(uid={username}))',
    '(sAMAccountName={username})',
    '(memberOf:1.2.840.113556.1.4.1941:={username})',
    String.raw`(cn=a\28b\29{username})`,
    '(proxyAddresses=smtp:{username})',
  ])('may be declared as %s', (template) => {
    expect(filterFault(template, ['username'])).toBeUndefined()
  })

  test.each(['', 'uid={username}', '(uid=ada)', '(uid={username}', '(uid={username}))', '(uid={username})(x=y)', '({username}=x)', '(uid={user})', '(uid={username}{password})', '(&)', '(|(uid={username})', '(!(a={username})(b=c))', String.raw`(uid={username}\zz)`, String.raw`(uid=\c3\b8{username})`, '(uid=(x){username})', '{username}'])('may not be declared as %s', (template) => {
    expect(filterFault(template, ['username'])).toBeDefined()
  })

  test('of any declared text is either refused or read by the library', () => {
    const pieces = fc.array(fc.constantFrom('(', ')', '&', '|', '!', '=', 'uid', '{username}', '*', '\\28', ':', 'x', ' '), { maxLength: 14 }).map((list) => list.join(''))
    fc.assert(
      fc.property(pieces, anything, (template, username) => {
        if (filterFault(template, ['username']) === undefined) expect(() => FilterParser.parseString(fillFilter(template, { username }))).not.toThrow()
      }),
      { numRuns: 5000 },
    )
  })
})

describe('a name', () => {
  const escapeValue = (text: string) => text.replaceAll(/[,+"\\<>;=]/g, (sign) => `\\${sign}`).replace(/^[ #]/, (sign) => `\\${sign}`).replace(/(?<!^\\) $/, String.raw`\ `)
  const value = fc.string({ unit: fc.constantFrom('a', 'B', ' ', ',', '+', '=', '\\', '"', '#', 'ø', '☃', '😀'), minLength: 1, maxLength: 12 })

  test('says what stands at its front, however it is escaped', () => {
    fc.assert(
      fc.property(value, value, (first, second) => {
        const dn = `cn=${escapeValue(first)}+sn=${escapeValue(second)},ou=x,${BASE}`
        expect([frontValue(dn, 'CN'), frontValue(dn, 'sn')]).toEqual([first, second])
        expect(frontValue(`cn=${[...Buffer.from(first)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')},${BASE}`, 'cn')).toBe(first)
      }),
    )
  })

  test('is below another by whole names only', () => {
    expect(isBelow(`cn=a,OU=Groups, DC=ldap,dc=example`, `ou=groups,${BASE}`)).toBe(true)
    expect(isBelow(BASE, BASE)).toBe(true)
    expect(isBelow(`cn=a,ou=othergroups,${BASE}`, `ou=groups,${BASE}`)).toBe(false)
    expect(isBelow(String.raw`cn=a\,ou=groups\,dc=ldap\,dc=example`, `ou=groups,${BASE}`)).toBe(false)
    expect(isBelow('not a name', BASE)).toBe(false)
    expect(isBelow(BASE, `cn=a,${BASE}`)).toBe(false)
  })

  test('belongs to a directory', () => {
    expect(directoryOf('OU=People,DC=NTU,DC=Example')).toBe('dc=ntu,dc=example')
    expect(directoryOf('ou=People,o=NTU,c=NO')).toBe('ou=people,o=ntu,c=no')
    expect([isName('dc=a,dc=b'), isName('nonsense'), isName('')]).toEqual([true, false, true])
  })
})

// What has opened directories elsewhere: ends of values, wildcards, other filters, NULs, half escapes, names instead of user names.
const CORPUS = [
  '*', 'g*', 'grace*', '*)(uid=*', 'grace)(uid=*', '*)(|(uid=*', 'grace)(|(password=*)', '*))%00', 'grace\0', 'grace)(!(uid=x', 'x)(|(uid=grace', ')(uid=grace', '*)(objectClass=*', 'admin*)((|userPassword=*)',
  'grace)(&)', '(uid=grace)', '|(uid=grace)', String.raw`gr\61ce`, String.raw`\2a`, 'grace\\', String.raw`\67race`, `uid=grace,ou=people,${BASE}`, 'grace,ou=people', 'grace)(cn=*', '%2a', '{username}', 'gracе', 'gra\nce', '\u0000*', 'uid=*',
  '*)(userPassword:2.5.13.18:=\\78', 'grace)(member:1.2.840.113556.1.4.1941:=*', '＊', '(', ')', '&', '!(uid=x)', '>=a', '~=grace', `x${'*'.repeat(150)}`,
]

describe.skipIf(withoutSlapd !== false)(withoutSlapd === false ? 'the corpus of injections' : `the corpus of injections (skipped: ${withoutSlapd})`, () => {
  let server: TestServer
  let directory: Directory

  beforeAll(async () => {
    directory = await startDirectory()
    server = await startTestServer()
    await server.apply(ldapYaml('dir', directory.url, `user_filter: '${TEMPLATE}'`))
  })
  afterAll(async () => {
    await server?.close()
    await directory?.close()
  })
  beforeEach(async () => void (await sql`delete from attempts`.execute(server.ctx.db)))

  test.each(CORPUS)('%j signs nobody in, with any password', async (username) => {
    const { browser, page } = await toLogin(server, 'dir')
    const before = server.logged().length
    for (const password of ['grace has a password', '*', 'x']) {
      const answer = await browser.submit(page, 'username', { username, password })
      // With a NUL in it, it is not even a form.
      expect(answer.status).toBe(username.includes('\0') ? 400 : 401)
    }
    expect(server.logged().slice(before)).not.toContain('ldap.ambiguous')
  })
})
