import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isOwnHash } from '../../src/lib/password-hash.ts'
import { isPasswordOf } from '../../src/users/passwords.ts'
import { findLocalUser } from '../../src/users/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, type Page, pageName } from '../support/browser.ts'
import { begin, chooseProvider, signIn, startAfresh } from './person.ts'

// People who bring the hash of their password along from another system.

const PASSWORD = 'pâssword with spaces'
const BCRYPT = '$2b$06$abcdefghijklmnopqrstuuvDGO78yCYbAHbBYD3yxEP4XmBITMi4i'
const SSHA = '{SSHA}mmd93qTVwLPBziAKTbkVOwswdKe07KDJ'
const DJANGO = 'pbkdf2_sha256$60000$NaClNaClNaCl$BMT9iEStXoH9G9m1te4vG9O3a7Kb5pJXeVcWSj5WPmk='

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

const yamlOf = (username: string, hash: string): string => `kind: user\nusername: ${username}\norganization: ntu\npassword: { hash: '${hash}' }\nclaims: { name: ${username} }\n`

async function hashOf(username: string): Promise<string> {
  const user = await findLocalUser(server.ctx.db, 'ntu', username)
  return (await server.ctx.db.selectFrom('passwords').select('phc').where('user_id', '=', user?.userId ?? '').executeTakeFirstOrThrow()).phc
}

async function tryToSignIn(username: string, password: string): Promise<Page> {
  const browser = newBrowser(server.issuer)
  const { page } = await begin(browser, server.issuer)
  return signIn(browser, await chooseProvider(browser, page, 'ntu'), username, { password })
}

describe.each([['bcrypt', BCRYPT], ['salted SHA-1', SSHA], ['PBKDF2', DJANGO]])('with %s', (name, hash) => {
  const username = `imported-${name.toLowerCase().replaceAll(/[^a-z]/g, '')}`

  test('the first good sign-in makes it argon2id, the second one goes on with that; a wrong one changes nothing', async () => {
    await server.apply(yamlOf(username, hash))
    expect((await tryToSignIn(username, 'guess')).status).toBe(401)
    expect(await hashOf(username)).toBe(hash)
    expect(pageName(await tryToSignIn(username, PASSWORD))).toBe('consent')
    const after = await hashOf(username)
    expect(isOwnHash(after)).toBe(true)
    expect(pageName(await tryToSignIn(username, PASSWORD))).toBe('consent')
    expect((await tryToSignIn(username, 'guess')).status).toBe(401)
    expect(await hashOf(username)).toBe(after)
    // The file that brought it along does not bring it back.
    await server.apply(yamlOf(username, hash))
    expect(await hashOf(username)).toBe(after)
  })
})

describe('the hash', () => {
  test('of a hundred good sign-ins at once is replaced once', async () => {
    await server.apply(yamlOf('crowd', SSHA))
    const user = await findLocalUser(server.ctx.db, 'ntu', 'crowd')
    const seen = new Set<string>()
    const tries = await Promise.allSettled(
      Array.from({ length: 100 }, async () => {
        const good = await isPasswordOf(server.ctx, user?.userId, PASSWORD)
        seen.add(await hashOf('crowd'))
        return good
      }),
    )
    const good = tries.filter((one) => one.status === 'fulfilled')
    expect(good.length).toBeGreaterThan(0)
    expect(good.every((one) => one.value)).toBe(true)
    expect([...seen].filter(isOwnHash).length).toBeLessThanOrEqual(1)
  })

  test('that somebody has changed meanwhile stays the new one', async () => {
    await server.apply(yamlOf('changed', SSHA))
    const user = await findLocalUser(server.ctx.db, 'ntu', 'changed')
    const changed = await server.ctx.passwords.hash('another password')
    const ctx = {
      ...server.ctx,
      passwords: {
        ...server.ctx.passwords,
        hash: async (password: string) => {
          await server.ctx.db.updateTable('passwords').set({ phc: changed }).where('user_id', '=', user?.userId ?? '').execute()
          return server.ctx.passwords.hash(password)
        },
      },
    }
    expect(await isPasswordOf(ctx, user?.userId, PASSWORD)).toBe(true)
    expect(await hashOf('changed')).toBe(changed)
  })

  test('that would cost too much is refused before anybody signs in with it', async () => {
    await expect(server.apply(yamlOf('costly', '$2b$31$abcdefghijklmnopqrstuuvDGO78yCYbAHbBYD3yxEP4XmBITMi4i'))).rejects.toThrow(/has a cost of 31/)
  })

  test('of nobody is looked at too: a wrong password of a person with a quick one costs what a stranger\'s does', async () => {
    await server.apply(yamlOf('quick', SSHA))
    const user = await findLocalUser(server.ctx.db, 'ntu', 'quick')
    const looked: string[] = []
    const verify = (phc: string, password: string) => {
      looked.push(phc.slice(0, 9))
      return server.ctx.passwords.verify(phc, password)
    }
    await isPasswordOf({ ...server.ctx, passwords: { ...server.ctx.passwords, verify } }, user?.userId, 'guess')
    expect(looked).toEqual(['$argon2id', '{SSHA}mmd'])
  })
})
