import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { type GitHub, GITHUB_SECRET, githubYaml, startGitHub } from '../support/upstream-github.ts'
import { type Away, claimsOf, expectNobody, leaveFor } from './journey.ts'

// A provider that speaks OAuth 2.0 and nothing more.

const SCOPE = 'openid profile email groups userid'

let server: TestServer
let github: GitHub

beforeAll(async () => {
  github = await startGitHub()
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await server.apply(githubYaml(github, 'github'))
})
afterAll(async () => {
  await server.close()
  await github.close()
})
beforeEach(() => {
  github.misbehave = {}
  github.person = { id: 583231, login: 'octocat', name: 'The Octocat', email: 'public@octo.example', avatar_url: 'https://avatars.example/u/583231', blog: '' }
  github.emails = [
    { email: 'old@octo.example', primary: false, verified: true },
    { email: 'octocat@octo.example', primary: true, verified: true },
  ]
})

async function comeBack({ browser, departure }: Away) {
  return browser.open(await github.visit(departure.href))
}

async function claims(): Promise<Record<string, unknown>> {
  const away = await leaveFor(server, 'github', { scope: SCOPE })
  return claimsOf(server, await comeBack(away), away)
}

describe('a person', () => {
  test('comes back as who the service says, with the verified primary address', async () => {
    const found = await claims()
    expect(found).toMatchObject({ name: 'The Octocat', preferred_username: 'octocat', picture: 'https://avatars.example/u/583231', email: 'octocat@octo.example', email_verified: true })
    expect(found).not.toHaveProperty('acr')
    const [asked, redeemed] = [github.asked.at(-1), github.redeemed.at(-1)]
    expect([asked?.get('code_challenge_method'), asked?.get('scope'), asked?.get('response_type')]).toEqual(['S256', 'read:user user:email', 'code'])
    expect(redeemed?.get('client_secret')).toBe(GITHUB_SECRET)
  })

  test('is known by the number, not by the name, which others can take over', async () => {
    const first = await claims()
    github.person = { ...github.person, login: 'renamed' }
    expect((await claims())['userid']).toBe(first['userid'])
    github.person = { ...github.person, id: 583232, login: 'octocat' }
    expect((await claims())['userid']).not.toBe(first['userid'])
  })

  test.each([
    ['whose primary address is not verified has none', [{ email: 'a@octo.example', primary: true, verified: false }, { email: 'b@octo.example', primary: false, verified: true }]],
    ['without addresses has none', []],
  ])('%s', async (_what, emails) => {
    github.emails = emails
    const found = await claims()
    expect(found).not.toHaveProperty('email')
    expect(found).not.toHaveProperty('email_verified')
  })

  test('of a service without a list of addresses has an address that is not verified, whatever the profile says', async () => {
    await server.apply(githubYaml(github, 'plain').replace(/emails_endpoint.*\n/, '').replace('preset: github', 'subject: id\nscope: profile'))
    github.person = { ...github.person, email_verified: true }
    const away = await leaveFor(server, 'plain', { scope: SCOPE })
    expect(await claimsOf(server, await comeBack(away), away)).toMatchObject({ email: 'public@octo.example', email_verified: false })
  })
})

test('what a service says and nobody can keep is left out, and is nobody', async () => {
  github.person = { ...github.person, name: 'The\0cat', blog: 'https://octo.example' }
  expect(await claims()).not.toHaveProperty('name')
  await server.apply(githubYaml(github, 'named').replace('preset: github', 'preset: github\nsubject: login'))
  github.person = { ...github.person, login: 'octo\0cat' }
  const away = await leaveFor(server, 'named')
  expect(pageName(await comeBack(away))).toBe('upstream')
  await expectNobody(server, away.browser)
})

describe('nobody is signed in', () => {
  test.each([
    ['without a number', () => void (github.person = { login: 'octocat' })],
    ['with an empty name for a number', () => void (github.person = { id: '' })],
    ['with a number that cannot be told from the next', () => void (github.person = { id: 2 ** 60 })],
    ['when the token is refused with 200', () => void (github.misbehave = { token: { error: 'bad_verification_code' } })],
    ['when the token endpoint answers nonsense', () => void (github.misbehave = { garbage: ['/login/oauth/access_token'] })],
    ['when the profile is nonsense', () => void (github.misbehave = { garbage: ['/user'] })],
    ['when the addresses are nonsense', () => void (github.misbehave = { garbage: ['/user/emails'] })],
    ['when the addresses are something else', () => void (github.emails = { message: 'no' })],
    ['when the profile is a list', () => void (github.person = [] as never)],
    ['when the profile is gone', () => void (github.misbehave = { down: ['/user'] })],
    ['when the profile hangs', () => void (github.misbehave = { hang: ['/user'] })],
  ])('%s', { timeout: 15_000 }, async (_what, spoil) => {
    spoil()
    const away = await leaveFor(server, 'github')
    const page = await comeBack(away)
    expect(pageName(page)).toBe('upstream')
    expect(page.html).toMatch(/id="reference"/)
    await expectNobody(server, away.browser)
  })

  test('by the answer of another browser, another state, or the same answer again', async () => {
    const away = await leaveFor(server, 'github')
    const back = await github.visit(away.departure.href)
    expect(pageName(await newBrowser(server.issuer).open(back))).toBe('upstream')
    const forged = new URL(back)
    forged.searchParams.set('state', `${(back.match(/state=([0-9a-f-]{36})/) ?? [])[1] ?? ''}.${'A'.repeat(43)}`)
    expect(pageName(await away.browser.open(forged.href))).toBe('upstream')
    expect(pageName(await away.browser.open(back))).not.toBe('upstream')
    expect(pageName(await away.browser.open(back))).toBe('upstream')
  })

  test('where the application asks how long ago: the service never says', async () => {
    const browser = newBrowser(server.issuer)
    await expect(leaveFor(server, 'github', { max_age: '600' }, browser)).rejects.toThrow()
    await expectNobody(server, browser)
  })
})

describe('a declaration', () => {
  test.each([
    ['without addresses', githubYamlWithout('preset: github', 'authorization_endpoint', 'token_endpoint', 'userinfo_endpoint')],
    ['with an address that is not encrypted', (yaml: string) => yaml.replace(/token_endpoint: .*/, 'token_endpoint: http://github.example/token')],
    ['with a user name in an address', (yaml: string) => yaml.replace(/token_endpoint: .*/, 'token_endpoint: https://u:p@github.example/token')],
    ['with a preset that nobody knows', (yaml: string) => yaml.replace('preset: github', 'preset: gitlub')],
  ])('%s is refused', async (_what, change) => {
    await expect(server.apply(change(githubYaml(github, 'refused')))).rejects.toThrow()
  })

  test('that the documentation shows is one', async () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'sign-in-providers.md'), 'utf8')
    const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '').filter((block) => /^protocol: (oidc|oauth2|ldap)$/m.test(block))
    expect(blocks.length).toBe(3)
    for (const block of blocks) await server.apply(block.replaceAll(/\{ from_(?:env|file): [^}]*\}/g, '{ value: a-secret }'))
  })

  test('of the real service needs no address', async () => {
    await server.apply('kind: provider\nprovider_id: real\nprotocol: oauth2\npreset: github\nname: GitHub\nclient_id: x\nclient_secret: { value: y }\n')
    const { departure } = await leaveFor(server, 'real')
    expect(departure.origin + departure.pathname).toBe('https://github.com/login/oauth/authorize')
  })
})

function githubYamlWithout(...starts: readonly string[]): (yaml: string) => string {
  return (yaml) => yaml.split('\n').filter((line) => !starts.some((start) => line.startsWith(start))).join('\n')
}
