import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applicationTypes } from '../../src/clients/metadata.ts'
import { snippets } from '../../src/dashboard/snippets/index.ts'
import { shell } from '../../src/dashboard/snippets/quote.ts'
import type { SnippetFacts } from '../../src/dashboard/snippets/snippet.ts'
import { textById } from '../support/account.ts'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page } from '../support/browser.ts'
import { walk } from '../support/relying-party.ts'
import { atDesk, register } from './developer.ts'

// The code that the dashboard gives works as it stands: run here where the runtime is there, read everywhere (pages.md ).

let server: TestServer
let ada: Browser
const folder = mkdtempSync(join(import.meta.dirname, '.snippets-'))
beforeAll(async () => {
  server = await startTestServer()
  ada = await atDesk(server)
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await server.close()
})

interface Run {
  readonly printed: () => string
  readonly say: (line: string) => void
  readonly ended: Promise<number | null>
  readonly stop: () => void
}

function run(command: string, file: string, code: string, secret: string | undefined): Run {
  const path = join(folder, file)
  writeFileSync(path, code)
  const child = spawn(command, [path], { env: { PATH: process.env['PATH'], ...(secret === undefined ? {} : { OIDC_CLIENT_SECRET: secret }) } })
  let text = ''
  child.stdout.on('data', (chunk) => (text += String(chunk)))
  child.stderr.on('data', (chunk) => (text += String(chunk)))
  return { printed: () => text, say: (line) => void child.stdin.write(`${line}\n`), ended: new Promise((resolve) => child.on('close', resolve)), stop: () => void child.kill() }
}

async function until(what: () => string | undefined): Promise<string> {
  for (let i = 0; i < 200; i++) {
    const found = what()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('waited in vain')
}

function codeOf(page: Page): string {
  const inner = /<code id="code">([\s\S]*?)<\/code>/.exec(page.html)?.[1] ?? ''
  return inner.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

async function snippet(clientId: string, lang: string): Promise<string> {
  return codeOf(await ada.open(`/dashboard/clients/${clientId}/snippets?lang=${lang}`))
}

/** Signs in where a program sends people, and gives the address that the browser comes to. */
async function signedIn(address: string): Promise<string> {
  const browser = newBrowser(server.issuer)
  return (await walk(browser, await browser.open(address))).url
}

describe('curl', () => {
  test.each(['web', 'native'])('signs somebody in, for an application of kind %s', async (kind) => {
    const { clientId, secret } = await register(ada, { kind, address: "https://mine.example.org/call'back?a=$b" })
    const program = run('sh', `${kind}.sh`, await snippet(clientId, 'curl'), secret)
    const address = await until(() => /http\S+oauth\/authorization\S+/.exec(program.printed())?.[0])
    program.say(await signedIn(address))
    expect([await program.ended, program.printed()]).toEqual([0, expect.stringContaining('"sub":"')])
  })

  test('goes on with no answer of another sign-in, and says what was refused', async () => {
    const { clientId, secret } = await register(ada)
    const code = await snippet(clientId, 'curl')
    const crossed = run('sh', 'crossed.sh', code, secret)
    await until(() => /oauth\/authorization\S+/.exec(crossed.printed())?.[0])
    crossed.say('https://mine.example.org/callback?code=x&state=another')
    expect([await crossed.ended, crossed.printed()]).toEqual([1, expect.stringContaining('state differs')])
    const refused = run('sh', 'refused.sh', code, secret)
    const state = await until(() => /[?&]state=([\w-]+)/.exec(refused.printed())?.[1])
    refused.say(`https://mine.example.org/callback?error=access_denied&state=${state}`)
    expect([await refused.ended, refused.printed()]).toEqual([1, expect.stringContaining('Refused: access_denied')])
  })

  test('gets a token for a program', async () => {
    const { clientId, secret } = await register(ada, { kind: 'service', address: '' })
    const program = run('sh', 'service.sh', await snippet(clientId, 'curl'), secret)
    expect([await program.ended, program.printed()]).toEqual([0, expect.stringContaining('"access_token":"ptr_at_')])
  })

  test('starts a device, and is told when the person says no', async () => {
    const { clientId } = await register(ada, { kind: 'device', address: '' })
    const program = run('sh', 'device.sh', await snippet(clientId, 'curl'), undefined)
    expect(await until(() => /Open (\S+) and enter \S+/.exec(program.printed())?.[1])).toBe(`${server.issuer}/device`)
    program.stop()
  })
})

describe('Node', () => {
  test('is a server that signs people in with openid-client', async () => {
    const port = await freePort()
    const origin = `http://127.0.0.1:${port}`
    const { clientId, secret } = await register(ada, { address: `${origin}/callback` })
    const program = run(process.execPath, 'web.mjs', await snippet(clientId, 'node'), secret)
    const left = await untilAnswer(`${origin}/`)
    const cookie = left.headers.get('set-cookie')?.split(';')[0] ?? ''
    const answer = await signedIn(left.headers.get('location') ?? '')
    const person = await fetch(answer, { headers: { cookie } })
    expect([person.status, await person.json()]).toEqual([200, expect.objectContaining({ name: 'Ada Example' })])
    const stolen = await fetch(answer, { headers: { cookie: 'signin=a.b.c' } })
    expect([stolen.status, await stolen.text()]).toEqual([400, expect.stringContaining('Sign-in failed')])
    program.stop()
    await program.ended
  })

  test('gets a token for a program', async () => {
    const { clientId, secret } = await register(ada, { kind: 'service', address: '' })
    const code = await snippet(clientId, 'node')
    const good = run(process.execPath, 'service.mjs', code, secret)
    expect([await good.ended, good.printed()]).toEqual([0, expect.stringContaining('A token for')])
    const bad = run(process.execPath, 'service.mjs', code, 'wrong')
    expect([await bad.ended, bad.printed()]).toEqual([1, expect.stringContaining('Refused:')])
  })
})

async function untilAnswer(url: string): Promise<Response> {
  for (let i = 0; ; i++) {
    try {
      return await fetch(url, { redirect: 'manual' })
    } catch (error) {
      if (i > 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

describe('every snippet', () => {
  const facts: SnippetFacts = { issuer: 'https://portner.example', clientId: 'the-client', kind: 'web', redirectUri: 'https://mine.example.org/callback', scope: 'openid profile', secret: true }
  const all = snippets.flatMap((one) => one.kinds.map((kind) => [one.id, kind, one.code({ ...facts, kind, secret: kind === 'web' || kind === 'service' })] as const))

  test.each(all)('%s for %s has forty lines at most, the real values, an answer to failure and no place left to fill in', (_id, kind, code) => {
    expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(40)
    expect(code).toContain('portner.example')
    expect(code).toContain('the-client')
    expect(code).not.toMatch(/undefined|\[object|TODO|YOUR_|<client|xxx/i)
    expect(code).toMatch(/error|refused|fail/i)
    if (kind === 'web' || kind === 'spa' || kind === 'native') for (const word of [/state/i, /nonce/i, /S256|pkce/i]) expect(code).toMatch(word)
    if (kind === 'web' || kind === 'service') expect(code).toContain('OIDC_CLIENT_SECRET')
    else expect(code).not.toContain('SECRET')
  })

  test('every kind of application has one', () => {
    for (const kind of applicationTypes) expect(snippets.some(({ kinds }) => kinds.includes(kind))).toBe(true)
  })

  test('a value for the shell is one word, whatever is in it', async () => {
    const values = fc.sample(fc.string({ unit: fc.constantFrom("'", '"', '$', '`', '\\', '(', ')', ';', '&', 'a', '{', '!') }), 50)
    const program = run('sh', 'quote.sh', values.map((value) => `printf '%s\\n' ${shell(value)}`).join('\n'), undefined)
    expect(await program.ended).toBe(0)
    expect(program.printed()).toBe(values.map((value) => `${value}\n`).join(''))
  })
})

describe('the page', () => {
  test('has one selectable block, links for the languages, remembers the last, and has no secret', async () => {
    const { clientId, secret } = await register(ada)
    const page = await ada.open(`/dashboard/clients/${clientId}/snippets?lang=python`)
    expect(textById(page, 'code')).toContain('pip install authlib')
    expect(textById(await ada.open(`/dashboard/clients/${clientId}/snippets`), 'code')).toContain('pip install authlib')
    expect(page.html).not.toContain(secret)
    expect(page.html).not.toContain('oauth4webapi')
  })
})
