import { createServer, type Server } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { databaseChecks } from '../../src/system/findings/database.ts'
import { troubledProviders } from '../../src/upstream/health.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Page, pageName } from '../support/browser.ts'
import { type Directory, ldapYaml, startDirectory, withoutSlapd } from '../support/upstream-ldap.ts'
import { claimsAt, signIn, toLogin } from './directory-journey.ts'

// A directory that is not the one it should be, or is not there: nobody's password is wrong then, and nobody else waits for it.

const GRACE = 'grace has a password'
const SKIPPED = withoutSlapd === false ? '' : ` (skipped: ${withoutSlapd})`

let server: TestServer
let directory: Directory

beforeAll(async () => {
  if (withoutSlapd !== false) return
  directory = await startDirectory({ certificateFor: 'DNS:localhost' })
  server = await startTestServer()
})
afterAll(async () => {
  await server?.close()
  await directory?.close()
})
beforeEach(async () => {
  if (withoutSlapd === false) await sql`delete from attempts`.execute(server.ctx.db)
})

function authorityOf(other: Directory): string {
  return `ca_certificates: |\n${other.authority.certificate.replaceAll(/^/gm, '  ')}`
}

/** The page that says that the provider could not be asked; nothing was counted, and the detail is in the log only. */
async function expectUnavailable(page: Page, detail: RegExp): Promise<void> {
  expect([page.status, pageName(page)], page.html.slice(0, 300)).toEqual([503, 'upstream'])
  expect(page.html).toMatch(/id="reference"/)
  expect(page.html).toMatch(/id="retry"/)
  expect(page.html).not.toMatch(detail)
  expect(server.logged().split('\n').filter((line) => line.includes('upstream.failed')).at(-1)).toMatch(detail)
  const { rows } = await sql<{ n: string }>`select coalesce(sum(count), 0) as n from attempts`.execute(server.ctx.db)
  expect(Number(rows[0]?.n)).toBe(0)
}

describe.skipIf(withoutSlapd !== false)(`an encrypted directory${SKIPPED}`, () => {
  let stranger: Directory
  let nextId = 0

  beforeAll(async () => {
    stranger = await startDirectory({ certificateFor: 'DNS:somebody-else.example' })
  })
  afterAll(() => stranger?.close())

  test.each([
    ['StartTLS', () => `ldap://localhost:${directory.port}`, 'start_tls: true'],
    ['ldaps', () => `ldaps://localhost:${directory.securePort}`, ''],
  ])('by %s, with the authority that is declared', async (how, url, more) => {
    const id = `good-${how.toLowerCase()}`
    await server.apply(ldapYaml(id, url(), `${more}\n${authorityOf(directory)}`))
    expect(await claimsAt(server, id, 'grace', GRACE)).toMatchObject({ name: 'Grace H.' })
  })

  test.each([
    ['StartTLS, of an authority that nobody knows', () => `ldap://localhost:${directory.port}`, () => 'start_tls: true', /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED|UNABLE_TO_GET_ISSUER/],
    ['ldaps, of an authority that nobody knows', () => `ldaps://localhost:${directory.securePort}`, () => '', /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED|UNABLE_TO_GET_ISSUER/],
    ['StartTLS, of another authority', () => `ldap://localhost:${directory.port}`, () => `start_tls: true\n${authorityOf(stranger)}`, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED|UNABLE_TO_GET_ISSUER|CERT_SIGNATURE_FAILURE/],
    ['StartTLS, with a certificate of another name', () => `ldap://localhost:${stranger.port}`, () => `start_tls: true\n${authorityOf(stranger)}`, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['ldaps, with a certificate of another name', () => `ldaps://localhost:${stranger.securePort}`, () => authorityOf(stranger), /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['ldaps, by an address that the certificate does not name', () => `ldaps://127.0.0.1:${directory.securePort}`, () => authorityOf(directory), /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['StartTLS, by an address that the certificate does not name', () => `ldap://127.0.0.1:${directory.port}`, () => `start_tls: true\n${authorityOf(directory)}`, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['ldaps at a port that speaks plainly', () => `ldaps://localhost:${directory.port}`, () => authorityOf(directory), /ECONNRESET|ERR_SSL|EPROTO|connection/],
  ])('is told no password: %s', async (_how, url, more, detail) => {
    const id = `bad-tls-${nextId++}`
    await server.apply(ldapYaml(id, url(), more()))
    await expectUnavailable(await signIn(server, id, 'grace', GRACE), detail)
  })
})

describe.skipIf(withoutSlapd !== false)(`a directory that refuses us ourselves${SKIPPED}`, () => {
  test('is the operator\'s trouble, nobody\'s wrong password', async () => {
    await server.apply(ldapYaml('refused', directory.url).replace('what the directory gave', 'what somebody thought the directory gave'))
    await expectUnavailable(await signIn(server, 'refused', 'grace', GRACE), /our own account is refused: result 49/)
  })
})

describe.skipIf(withoutSlapd !== false)(`a directory that hangs${SKIPPED}`, () => {
  let silent: Server
  beforeAll(async () => {
    silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => void silent?.close())

  test('gives a page within ten seconds; nobody else waits', { timeout: 20_000 }, async () => {
    const address = silent.address()
    const url = `ldap://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    await server.apply(`${ldapYaml('silent', url)}\n---\n${ldapYaml('silent-tls', url.replace('ldap:', 'ldaps:'))}\n---\n${ldapYaml('silent-start', url, 'start_tls: true')}`)
    const waiting = Promise.all(['silent', 'silent-tls', 'silent-start'].map((id) => signIn(server, id, 'grace', GRACE)))
    const { browser, page } = await toLogin(server, 'ntu')
    let isOver = false
    void waiting.then(() => (isOver = true))
    expect(pageName(await browser.submit(page, 'username', { username: 'ada', password: 'ada has a password' }))).toBe('consent')
    expect(isOver).toBe(false)
    for (const answer of await waiting) expect([answer.status, pageName(answer)]).toEqual([503, 'upstream'])
  })
})

describe.skipIf(withoutSlapd !== false)(`a directory that goes down and comes back${SKIPPED}`, () => {
  test('says so, counts nothing, is marked, keeps nobody else from signing in, and goes on when it is back', { timeout: 30_000 }, async () => {
    await server.apply(ldapYaml('dir', directory.url))
    expect(await claimsAt(server, 'dir', 'grace', GRACE)).toHaveProperty('sub')
    await directory.kill()
    const { browser, page } = await toLogin(server, 'dir')
    for (let i = 0; i < 12; i++) await expectUnavailable(await browser.submit(page, 'username', { username: 'grace', password: GRACE }), /ECONNREFUSED|not asked: silent/)
    expect(server.logged()).toContain('not asked: silent')
    expect(await troubledProviders(server.ctx)).toContain('dir')
    const local = await toLogin(server, 'ntu')
    expect(pageName(await local.browser.submit(local.page, 'username', { username: 'ada', password: 'ada has a password' }))).toBe('consent')
    await directory.start()
    await setTimeout(5100)
    // Consent was given before: straight back to the application.
    expect((await browser.submit(page, 'username', { username: 'grace', password: GRACE })).status).toBe(0)
    expect(await troubledProviders(server.ctx)).not.toContain('dir')
  })
})

describe('a declaration', () => {
  let plain: TestServer
  beforeAll(async () => {
    plain = await startTestServer()
  })
  afterAll(() => plain.close())

  test.each([
    ['passwords in clear over a network', (yaml: string) => yaml.replace('ldap://127.0.0.1:389', 'ldap://directory.example')],
    ['passwords in clear to a name that only begins like this machine', (yaml: string) => yaml.replace('ldap://127.0.0.1:389', 'ldap://localhost.example')],
    ['StartTLS inside TLS', (yaml: string) => yaml.replace('ldap://127.0.0.1:389', 'ldaps://directory.example').concat('start_tls: true\n')],
    ['another scheme', (yaml: string) => yaml.replace('ldap://127.0.0.1:389', 'https://directory.example')],
    ['an address with a path', (yaml: string) => yaml.replace('ldap://127.0.0.1:389', 'ldaps://directory.example/dc=x')],
    ['a filter without the name', (yaml: string) => yaml.concat("user_filter: '(uid=ada)'\n")],
    ['a client secret', (yaml: string) => yaml.replace('bind_password', 'client_secret')],
    ['a generated password', (yaml: string) => yaml.replace(/bind_password: .*/, 'bind_password: { generate: true }')],
    ['certificates that are none', (yaml: string) => yaml.concat('ca_certificates: trust me\n')],
    ['no base', (yaml: string) => yaml.replace(/base_dn: .*/, '')],
  ])('with %s is refused', async (_what, change) => {
    await expect(plain.apply(change(ldapYaml('refused', 'ldap://127.0.0.1:389')))).rejects.toThrow()
  })

  test('may say that passwords go in clear, by a switch of its own that doctor names; the password is sealed, and forgotten when the address changes', async () => {
    const yaml = ldapYaml('clear', 'ldap://directory.example', 'allow_unencrypted: true')
    const row = () => plain.ctx.db.selectFrom('providers').select(['sealed_secret', 'document']).where('provider_id', '=', 'clear').executeTakeFirstOrThrow()
    await plain.apply(yaml)
    expect(JSON.stringify((await row()).document)).not.toContain('what the directory gave')
    expect((await row()).sealed_secret?.includes('what the directory gave')).toBe(false)
    const findings = (await Promise.all(databaseChecks.map((check) => check(plain.ctx.config, plain.ctx.db)))).flat()
    expect(findings.find(({ check }) => check === 'directories')).toMatchObject({ result: 'warn', message: expect.stringContaining('provider clear') as string })
    await plain.apply(yaml.replace(/bind_password.*\n/, '').replace('directory.example', 'elsewhere.example'))
    expect((await row()).sealed_secret).toBeNull()
  })
})
