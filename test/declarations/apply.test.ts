import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { offered } from '../../src/endpoints/offered.ts'
import { readClient, setClientStatus } from '../../src/clients/store.ts'
import { applyDeclarations } from '../../src/declarations/apply.ts'
import { inTransaction } from '../../src/database/transaction.ts'
import { sha256 } from '../../src/lib/digest.ts'
import { isPasswordOf, setPasswordHash } from '../../src/users/passwords.ts'
import { findLocalUser, saveLocalUser, setUserStatus } from '../../src/users/store.ts'
import { searchProviders } from '../../src/upstream/search.ts'
import { open, type Opened, SECRET } from './open.ts'

let opened: Opened
beforeAll(async () => {
  opened = await open()
})
afterEach(() => sql`truncate users, clients, organizations, providers, scopes, apis cascade`.execute(opened.ctx.db))
afterAll(() => opened.close())

const OPTIONS = { offered, env: {}, demo: false, prune: false }

const ORGANIZATION = "kind: organization\norganization_id: ntu\nname: { en: Test University }\nrealms: [ntu.example]\ncountry: 'no'\n"
const PROVIDER = '---\nkind: provider\nprovider_id: ntu\nprotocol: local\nname: NTU\norganization: ntu\n'
const API = '---\nkind: api\napi_id: calendar\nname: Calendar\naudience: https://calendar.example.org\norganization: ntu\nscopes: { write: { title: Write } }\n'
const SCOPE = '---\nkind: scope\nscope: debt.read\ntitle: Read debt\n'
const client = (members = ''): string =>
  `---\nkind: client\nclient_id: planner\nclient_secret: { value: ${SECRET} }\nclient_name: Planner\nredirect_uris: [https://planner.example.org/cb]\nscope: openid profile gk_calendar_write debt.read\norganization: ntu\nlogin_providers: [ntu]\n${members}`
const user = (members = 'password: { value: correct horse }\n'): string => `---\nkind: user\nusername: Ada\norganization: ntu\nclaims: { name: Ada, email: ada@ntu.example }\ngroups: [staff]\n${members}`
const ALL = ORGANIZATION + PROVIDER + API + SCOPE + client() + user()

async function ada() {
  const found = await findLocalUser(opened.ctx.db, 'ntu', 'ada')
  if (found === undefined) throw new Error('ada is not there')
  return found
}

describe('apply', () => {
  test('creates everything in the order that references need, whatever the order of the file', async () => {
    const reversed = ALL.split('---\n').toReversed().join('---\n')
    const { changes, warnings } = await opened.apply(reversed)
    expect(changes.map(({ kind, id, action }) => `${action} ${kind} ${id}`)).toEqual(['create organization ntu', 'create provider ntu', 'create scope debt.read', 'create api calendar', 'create client planner', 'create user ntu/ada'])
    expect(warnings).toEqual([])
    expect((await readClient(opened.ctx.db, 'planner'))?.secretHashes).toEqual([sha256(SECRET)])
    expect(await isPasswordOf(opened.ctx, (await ada()).userId, 'correct horse')).toBe(true)
  })

  test('a second time changes nothing, and hashes no password', async () => {
    await opened.apply(ALL)
    const ctx = { ...opened.ctx, passwords: { ...opened.ctx.passwords, hash: () => Promise.reject(new Error('hashed')) } }
    expect(await applyDeclarations(ctx, [{ name: 'f.yaml', text: ALL }], OPTIONS)).toEqual({ changes: [], warnings: [], drawn: [] })
    expect((await opened.diff(ALL)).changes).toEqual([])
  })

  test('tells old and new value of what changes, and never a secret', async () => {
    await opened.apply(ALL)
    const changed = ALL.replace('scope: openid profile gk', 'scope: openid gk').replace(SECRET, SECRET.toUpperCase().padEnd(40, 'xyz')).replace('name: Ada,', 'name: Ada A.,').replace('en: Test', 'en: The Test')
    const { changes } = await opened.diff(changed)
    expect(changes.flatMap(({ kind, members }) => members.map((member) => ({ kind, ...member })))).toEqual([
      { kind: 'organization', member: 'name.en', from: 'Test University', to: 'The Test University' },
      { kind: 'client', member: 'scope', from: 'openid profile gk_calendar_write debt.read', to: 'openid gk_calendar_write debt.read' },
      { kind: 'client', member: 'client_secret', secret: true },
      { kind: 'user', member: 'claims.name', from: 'Ada', to: 'Ada A.' },
    ])
    expect(JSON.stringify(changes)).not.toContain(SECRET)
    await opened.apply(changed)
    expect((await opened.diff(changed)).changes).toEqual([])
  })

  test('a new password replaces the old one, and one changed by hand is put back', async () => {
    await opened.apply(ALL)
    await opened.apply(ORGANIZATION + user('password: { value: another one }\n'))
    const { userId } = await ada()
    expect(await isPasswordOf(opened.ctx, userId, 'correct horse')).toBe(false)
    expect(await isPasswordOf(opened.ctx, userId, 'another one')).toBe(true)
    await setPasswordHash(opened.ctx.db, userId, await opened.ctx.passwords.hash('by hand'), null)
    expect((await opened.apply(ALL)).changes[0]?.members).toEqual([{ member: 'password', secret: true }])
    expect(await isPasswordOf(opened.ctx, userId, 'correct horse')).toBe(true)
  })

  test('all five ways of a secret', async () => {
    const { directory } = opened
    await writeFile(join(directory, 'secret'), `${SECRET}\n`)
    const phc = await opened.ctx.passwords.hash('from a hash')
    const service = (id: string, secret: string): string => `---\nkind: client\nclient_id: ${id}\napplication_type: service\nclient_secret: ${secret}\n`
    const yaml = [service('a', '{ from_file: secret }'), service('b', '{ from_env: S }'), service('c', `{ hash: 'sha256:${sha256(SECRET).toString('hex')}' }`), service('d', '{ generate: true }'), `---\nkind: user\nusername: eve\npassword: { hash: '${phc}' }\n`, '---\nkind: user\nusername: sam\npassword: { generate: true }\n'].join('')
    const { drawn } = await opened.apply(yaml, { env: { S: SECRET } })
    expect(drawn.map(({ kind, id, member }) => `${kind} ${id} ${member}`)).toEqual(['client d client_secret', 'user sam password'])
    for (const id of ['a', 'b', 'c']) expect((await readClient(opened.ctx.db, id))?.secretHashes).toEqual([sha256(SECRET)])
    expect((await readClient(opened.ctx.db, 'd'))?.secretHashes).toEqual([sha256(drawn[0]?.value ?? '')])
    const eve = await findLocalUser(opened.ctx.db, undefined, 'eve')
    const sam = await findLocalUser(opened.ctx.db, undefined, 'sam')
    expect(await isPasswordOf(opened.ctx, eve?.userId, 'from a hash')).toBe(true)
    expect(await isPasswordOf(opened.ctx, sam?.userId, drawn[1]?.value ?? '')).toBe(true)
    expect((await opened.apply(yaml, { env: { S: SECRET } })).changes).toEqual([])
  })

  test('the one short secret there is belongs to the demo', async () => {
    const yaml = 'kind: client\nclient_id: d\napplication_type: service\nclient_secret: { value: demo-secret }\n'
    expect(await opened.faults(yaml)).toHaveLength(1)
    expect(await opened.faults(yaml, { demo: true })).toEqual([])
  })

  test('a client without an id is the same client each time', async () => {
    const yaml = 'kind: client\nclient_name: { en: Course Planner }\napplication_type: service\n'
    const { changes } = await opened.apply(yaml)
    expect(changes[0]?.id).toMatch(/^course-planner-[0-9a-f]{12}$/)
    expect((await opened.apply(yaml)).changes).toEqual([])
  })

  test('prune removes what a file made, and nothing else', async () => {
    await opened.apply(ALL)
    await inTransaction(opened.ctx.db, (trx) => saveLocalUser(trx, { username: 'hand', organizationId: undefined, claims: {}, groups: [], declared: false }))
    expect((await opened.apply(ORGANIZATION)).changes).toEqual([])
    const { changes } = await opened.apply(ORGANIZATION, { prune: true })
    expect(changes.map(({ kind, id, action }) => `${action} ${kind} ${id}`)).toEqual(['remove user ntu/ada', 'remove client planner', 'remove api calendar', 'remove scope debt.read', 'remove provider ntu'])
    expect(await findLocalUser(opened.ctx.db, undefined, 'hand')).toBeDefined()
    expect((await opened.diff(ORGANIZATION, { prune: true })).changes).toEqual([])
  })

  test('prune leaves nothing behind that names what is gone', async () => {
    await opened.apply(ORGANIZATION)
    await inTransaction(opened.ctx.db, (trx) => saveLocalUser(trx, { username: 'hand', organizationId: 'ntu', claims: {}, groups: [], declared: false }))
    expect(await opened.faults('', { prune: true })).toEqual(['--prune: would remove organization ntu, which user ntu/hand (not declared by a file) still names'])
  })

  test('an operator\'s lock outlives the next apply; what the file says does not', async () => {
    await opened.apply(ALL)
    await setUserStatus(opened.ctx.db, (await ada()).userId, 'locked')
    expect((await opened.apply(ALL)).changes).toEqual([])
    expect((await ada()).status).toBe('locked')
    await opened.apply(ORGANIZATION + user('status: active\n'))
    expect((await ada()).status).toBe('active')
    await inTransaction(opened.ctx.db, (trx) => setClientStatus(trx, 'planner', 'disabled'))
    expect((await opened.diff(ALL)).changes[0]?.members).toEqual([{ member: 'status', from: 'disabled', to: 'production' }])
  })

  test('two at once agree: everything is made once, and a drawn secret is told by the one that made it', async () => {
    const yaml = `${ALL}---\nkind: client\nclient_id: drawn\napplication_type: service\nclient_secret: { generate: true }\n`
    const results = await Promise.all(Array.from({ length: 6 }, () => opened.apply(yaml)))
    const makers = results.filter((result) => result.changes.length > 0)
    expect(makers).toHaveLength(1)
    const told = makers[0]?.drawn[0]?.value ?? ''
    expect((await readClient(opened.ctx.db, 'drawn'))?.secretHashes).toEqual([sha256(told)])
  })

  test('a failure in the middle changes nothing', async () => {
    const passwords = { ...opened.ctx.passwords, hash: () => Promise.resolve('\u0000') }
    await expect(applyDeclarations({ ...opened.ctx, passwords }, [{ name: 'f.yaml', text: ALL }], OPTIONS)).rejects.toThrow()
    expect((await opened.diff(ALL)).changes).toHaveLength(6)
  })

  test('a scope that nobody declares is said, and allowed', async () => {
    const { warnings } = await opened.apply('kind: client\nclient_id: c\napplication_type: service\nscope: openid nobody.knows\n')
    expect(warnings).toEqual([{ file: 'f.yaml', line: 4, column: 8, message: 'nothing declares the scope nobody.knows: people will see only its name' }])
  })

  test('an organization\'s new realm finds its providers', async () => {
    await opened.apply(ORGANIZATION + PROVIDER)
    await opened.apply(ORGANIZATION.replace('[ntu.example]', '[ntu.example, other.example]'))
    const { total } = await searchProviders(opened.ctx, { clientKey: '1', rules: ['realm:other.example'], query: '', country: undefined, onlyCountry: false, offset: 0, limit: 5 })
    expect(total).toBe(1)
  })
})
