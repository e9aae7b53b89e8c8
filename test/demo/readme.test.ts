import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as openidClient from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { offered } from '../../src/endpoints/offered.ts'
import { runCommandLine } from '../../src/cli/run.ts'
import { createMetrics } from '../../src/audit/metrics.ts'
import { describeVariables } from '../../src/config.ts'
import { applyDeclarations } from '../../src/declarations/apply.ts'
import { demoDocuments } from '../../src/demo/demo-data.ts'
import { portnerVersion } from '../../src/open-context.ts'
import { newBrowser, type Page, pageName } from '../support/browser.ts'
import { providerLink } from '../support/relying-party.ts'
import { type DemoServer, startDemoServer } from './demo-server.ts'

// What README and docs say, held against what is.

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const files = ['README.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]
// The figures of docs/performance.md are held by the benchmark.
const written = files.filter((file) => file !== 'docs/performance.md')
const text = (file: string): string => readFileSync(join(root, file), 'utf8')
const readme = text('README.md')

function blocks(file: string, language: string): string[] {
  return [...text(file).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter((match) => match[1] === language).map((match) => match[2] ?? '')
}

/** GitHub's anchors of a page's headings. */
function anchors(file: string): string[] {
  const headings = text(file).replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)
  return [...headings].map((match) => (match[1] ?? '').toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-'))
}

test('the table of variables is the one of the configuration', () => {
  const rows = describeVariables().map(({ name, about }) => `| \`${name}\` | ${about.replaceAll('|', String.raw`\|`)} |`)
  const table = ['| Variable | Meaning |', '|---|---|', ...rows].join('\n')
  const inReadme = /<!-- variables: begin -->\n([\s\S]*?)\n?<!-- variables: end -->/.exec(readme)?.[1]
  expect(inReadme, 'README.md has an old table of variables: replace what is between its two marks').toBe(table)
})

test('the operator’s table of metrics has each that there is', async () => {
  const written = [...text('docs/operating.md').matchAll(/^\| `(portner_\w+)` \|/gm)].map((match) => match[1])
  const metrics = await createMetrics('0', false).registry.getMetricsAsJSON()
  expect(written.toSorted()).toEqual(metrics.map(({ name }) => name).toSorted())
})

test('the first command is npm ci && npm start', () => {
  expect(/```sh\n([\s\S]*?)\n```/.exec(readme)?.[1]).toBe('npm ci && npm start')
})

test.each(written)('%s leads nowhere that does not exist', (file) => {
  const links = [...text(file).matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? '').filter((link) => !/^https?:/.test(link))
  for (const link of links) {
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? file : join(dirname(file), path)
    expect(existsSync(resolve(root, target)), `${link} in ${file}`).toBe(true)
    if (anchor !== undefined) expect(anchors(target), `${link} in ${file}`).toContain(anchor)
  }
})

test('every page of the documentation says its version', () => {
  for (const file of written) expect(text(file), file).toContain(portnerVersion())
})

test('every folder of src has its place in the layout', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  const layout = /## Develop\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? ''
  expect(folders.filter((name) => !layout.includes(`\`${name}\``))).toEqual([])
})

/** A line of a shell as words: quotes, a comment at its end, and what comes from a file. */
function words(line: string): { args: string[]; input: string | undefined } {
  const [command = '', input] = line.replace(/ +#.*$/, '').split(' < ')
  return { args: [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? ''), input }
}

interface Said {
  readonly status: number
  readonly said: string
}

async function command(args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): Promise<Said> {
  let said = ''
  const io = { env, stdin: Readable.from([input]), out: (part: string) => void (said += part), err: (part: string) => void (said += part), isTerminal: false }
  return { status: await runCommandLine(args, io), said }
}

test('every command that is named in a sentence exists', async () => {
  const named = written.flatMap((file) => [...text(file).matchAll(/`(?:npx )?portner ([a-z-]+)(?: ([a-z][a-z-]*))?[^`]*`/g)].map((match) => [match[1], match[2]].filter((word) => word !== undefined)))
  expect(named.length).toBeGreaterThan(5)
  for (const args of named.filter(([name]) => name !== 'help')) {
    const { status, said } = await command([...args, '--help'])
    expect(status, args.join(' ')).toBe(0)
    expect(said, args.join(' ')).toContain(`Usage: portner ${args.join(' ')} `)
  }
})

describe('on a server', () => {
  let server: DemoServer
  beforeAll(async () => {
    server = await startDemoServer()
  })
  afterAll(() => server.close())

  const here = (command: string): string => command.replaceAll('http://localhost:3000', server.issuer)

  test('every curl command gives what the page says', async () => {
    const commands = written.flatMap((file) => blocks(file, 'sh').filter((block) => block.includes('curl ')))
    expect(commands).toHaveLength(3)
    const answers = await Promise.all(commands.map(async (command) => JSON.parse((await run('sh', ['-c', here(command)])).stdout) as Record<string, unknown>))
    expect(answers[0]).toEqual({ access_token: expect.stringMatching(/^ptr_at_/), token_type: 'Bearer', expires_in: 3600, scope: 'gk_calendar gk_calendar_write' })
    expect(answers[1]).toEqual(JSON.parse(blocks('docs/operating.md', 'json')[0] ?? ''))
    expect(answers[2]).toMatchObject({ active: true, client_id: 'demo-service', sub: 'client:demo-service' })
  })

  test('every path of the table answers, and every endpoint of the metadata is in it', async () => {
    const table = /## What is where\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? ''
    const paths = [...table.matchAll(/`(\/[^`…]*)`/g)].map((match) => match[1] ?? '')
    for (const path of paths) expect((await fetch(server.issuer + path, { redirect: 'manual' })).status === 404, path).toBe(false)
    const metadata = (await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json()) as Record<string, unknown>
    const endpoints = Object.entries(metadata).filter(([name]) => /_endpoint$|^jwks_uri$/.test(name))
    expect(endpoints.length).toBeGreaterThan(5)
    for (const [name, address] of endpoints) expect(paths, name).toContain(new URL(String(address)).pathname)
  })

  test('every document of the configuration page can be applied', async () => {
    const documents = blocks('docs/configuration-files.md', 'yaml').join('---\n')
    const { changes } = await applyDeclarations(server.ctx, [{ name: 'docs.yaml', text: documents, directory: '.' }], { offered, prune: false, demo: false, env: {} })
    expect(changes.length).toBeGreaterThan(1)
  })

  /** The browser's part: the pages until the address of the application. */
  async function signIn(address: string): Promise<string> {
    const browser = newBrowser(server.issuer)
    let page: Page = await browser.open(address)
    for (let i = 0; i < 6 && page.status !== 0; i++) {
      const name = pageName(page)
      if (name === 'discovery') page = await browser.open(providerLink(page, 'ntu'))
      else if (name === 'login') page = await browser.submit(page, 'username', { username: 'ada', password: 'demo-ada' })
      else page = await browser.submit(page, 'decision', { decision: 'allow' })
    }
    expect(page.url).toContain('?code=')
    return page.url
  }

  test('the lines for Node sign a person in', async () => {
    const secret = 'a-secret-that-is-long-enough-7Qx2'
    const client = `kind: client\nclient_id: my-app\nclient_name: My app\nclient_secret: { value: ${secret} }\nredirect_uris: [http://localhost:8080/callback]\nscope: openid profile email\n`
    await applyDeclarations(server.ctx, [{ name: 'my-app.yaml', text: client, directory: '.' }], { offered, prune: false, demo: false, env: {} })
    const lines = here(blocks('README.md', 'js')[0] ?? '').split('\n').filter((line) => !line.startsWith('import '))
    const said: unknown[] = []
    const program = lines.join('\n').replace('new URL(returned)', 'new URL(await signIn(url.href))').replace('console.log(', 'said.push(')
    const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (...names: string[]) => (...values: unknown[]) => Promise<void>
    await new AsyncFunction('client', 'secret', 'signIn', 'said', program)(openidClient, secret, signIn, said)
    expect(said).toEqual([expect.objectContaining({ name: 'Ada Example', email: 'ada@ntu.example' })])
  })

  // Last: it changes passwords and takes things away.
  test('every command of the documentation does its work', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portner-docs-'))
    const conf = join(folder, 'conf.d')
    await mkdir(conf)
    await writeFile(join(folder, 'portner.yaml'), blocks('docs/configuration-files.md', 'yaml').join('---\n'))
    await writeFile(join(conf, 'all.yaml'), `${blocks('docs/configuration-files.md', 'yaml').join('---\n')}---\n${demoDocuments(server.issuer).split('---\n').filter((one) => !/organization_id: ntu|provider_id: ntu|api_id: calendar|username: ada/.test(one)).join('---\n')}`.replaceAll('demo-secret', 'a-secret-that-is-long-enough-7Qx2'))
    const token = (await (await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { authorization: `Basic ${btoa('demo-service:demo-secret')}` }, body: new URLSearchParams({ grant_type: 'client_credentials' }) })).json()) as { access_token: string }
    const inputs: Readonly<Record<string, string>> = { token: token.access_token, password: 'correct horse battery staple' }
    const lines = ['docs/production.md', 'docs/configuration-files.md', 'docs/operating.md', 'README.md'].flatMap((file) => blocks(file, 'sh').flatMap((block) => block.split('\n'))).map((line) => line.replace(/^npx /, ''))
    const commands = lines.filter((line) => line.startsWith('portner ') && line !== 'portner serve').map(words)
    expect(commands.length).toBeGreaterThan(15)
    for (const { args, input } of commands) {
      const real = args.slice(1).map((word) => (word === 'portner.yaml' ? join(folder, word) : word === 'conf.d/' ? conf : word))
      const { status, said } = await command(real, server.env, input === undefined ? '' : inputs[input])
      expect(args[1] === 'diff' ? [0, 3] : [0], `${args.join(' ')}\n${said}`).toContain(status)
    }
    await rm(folder, { recursive: true })
  }, 60_000)
})
