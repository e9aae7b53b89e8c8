import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTerminal, type Terminal } from './terminal.ts'

let terminal: Terminal
beforeAll(async () => {
  terminal = await openTerminal()
})
afterAll(() => terminal.close())

const SECRET = '0b4c9d2e7f1a4c38b5d6e7f8a9b0c1d2'
const YAML = `kind: organization\norganization_id: ntu\nname: NTU\n---\nkind: client\nclient_id: robot\napplication_type: service\nclient_secret: { value: ${SECRET} }\norganization: ntu\n`

async function file(name: string, text: string): Promise<string> {
  const path = join(terminal.directory, name)
  await writeFile(path, text)
  return path
}

describe('usage', () => {
  test.each([
    [['aply'], 'Did you mean apply?'],
    [['apply', '--prun', 'x'], 'Did you mean --prune?'],
    [['client', 'create', '--kind', 'wob'], 'Allowed choices are web, native, spa, service, device.'],
    [['client', 'create', '--client-secret', 'x'], "unknown option '--client-secret'"],
    [['apply'], "missing required argument 'file'"],
  ])('%j is refused with status 2 and a way on', async (args, told) => {
    const { status, err } = await terminal.run(args)
    expect(status).toBe(2)
    expect(err).toContain(told)
  })

  test('every command has examples, --json and --quiet, and none takes a secret as an argument', async () => {
    const nouns = [['migrate', 'up'], ['migrate', 'status'], ['apply'], ['diff'], ['export'], ['doctor'], ['keys', 'list'], ['keys', 'rotate'], ['client', 'create'], ['client', 'list'], ['client', 'show'], ['client', 'rotate-secret'], ['client', 'disable'], ['client', 'enable'], ['user', 'create'], ['user', 'list'], ['user', 'set-password'], ['user', 'lock'], ['user', 'reset-factors'], ['consent', 'list'], ['consent', 'withdraw'], ['organization', 'member', 'list'], ['organization', 'member', 'add'], ['organization', 'member', 'remove'], ['operator', 'list'], ['operator', 'add'], ['operator', 'remove'], ['token', 'introspect'], ['token', 'revoke'], ['audit', 'verify'], ['audit', 'export'], ['perform', 'client-credentials'], ['perform', 'code'], ['healthcheck'], ['config', 'print'], ['version']]
    for (const noun of nouns) {
      const { status, out } = await terminal.run([...noun, '--help'])
      expect([noun, status]).toEqual([noun, 0])
      expect(out).toContain('Examples:')
      expect(out).toContain('--json')
      expect(out).toContain('--quiet')
      expect(out).not.toMatch(/--(secret|password|client-secret|token) </)
    }
  })

  test('three wrong settings are told at once, without a stack', async () => {
    const { status, err } = await terminal.run(['version']).then(() => terminal.run(['doctor'], { env: { PORT: 'x', PORTNER_ISUER: 'y', LOG_LEVEL: 'loud' } }))
    expect(status).toBe(1)
    expect(err).toBe('')
    const refused = await terminal.run(['client', 'list'], { env: { PORT: 'x', PORTNER_ISUER: 'y', LOG_LEVEL: 'loud' } })
    expect(refused.status).toBe(2)
    expect(refused.err.split('\n').filter((line) => line.startsWith('error: '))).toHaveLength(3)
    expect(refused.err).toContain('PORTNER_ISUER: not a variable of Portner; did you mean PORTNER_ISSUER?')
    expect(refused.err).not.toContain('    at ')
  })

  test('a database that is not there is said with what to do', async () => {
    const { status, err } = await terminal.run(['client', 'list'], { env: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/x' } })
    expect(status).toBe(1)
    expect(err).toMatch(/error: The database cannot be asked: .*ECONNREFUSED.*\n→ check DATABASE_URL/)
  })
})

describe('files', () => {
  test('diff 3, apply 0, diff 0, apply again: no changes; export goes back in', async () => {
    const path = await file('a.yaml', YAML)
    expect((await terminal.run(['diff', path])).status).toBe(3)
    const applied = await terminal.run(['apply', path])
    expect(applied.status).toBe(0)
    expect(applied.out).toContain('+ client robot\n')
    expect(applied.out).toContain('    client_secret: set (not shown)\n')
    expect(applied.out).toContain('2 created\n')
    expect(applied.out + applied.err).not.toContain(SECRET)
    expect(await terminal.run(['diff', path])).toEqual({ status: 0, out: 'no changes\n', err: '' })
    expect((await terminal.run(['apply', path])).out).toBe('no changes\n')
    const { out } = await terminal.run(['export'])
    expect((await terminal.run(['apply', '-'], { stdin: out })).out).toBe('no changes\n')
  })

  test('faults: status 2, each with its place, nothing applied', async () => {
    const path = await file('bad.yaml', 'kind: client\nclient_id: x y\nscop: openid\n')
    const { status, out, err } = await terminal.run(['apply', path])
    expect([status, out]).toEqual([2, ''])
    expect(err).toContain(`${path}:2:12: client_id must be`)
    expect(err).toContain(`${path}:3:1: scop is not a member here; did you mean scope?`)
    expect(err).toContain('→ nothing was applied')
  })

  test('prune asks for --yes and says how many people a client has', async () => {
    const path = await file('less.yaml', 'kind: organization\norganization_id: ntu\nname: NTU\n')
    const refused = await terminal.run(['apply', '--prune', path])
    expect(refused.status).toBe(2)
    expect(refused.err).toContain('--prune would remove client robot (0 people use it)')
    expect((await terminal.run(['apply', '--prune', '--dry-run', path])).out).toContain('- client robot\n1 to remove\n')
    expect((await terminal.run(['apply', '--prune', '--yes', path])).out).toContain('1 removed')
    expect(await terminal.json(['client', 'list'])).toEqual([])
  })
})

describe('clients', () => {
  test('create prints the secret once, with what to do next', async () => {
    const { out } = await terminal.run(['client', 'create', '--name', 'My app', '--id', 'app', '--redirect-uri', 'https://app.example.org/cb'])
    expect(out).toMatch(/^client_id: {5}app\nclient_secret: ptr_cs_\S+ {3}\(shown once\)\ndiscovery: {5}http:\/\/localhost:\d+\/\.well-known\/openid-configuration\nnext: /)
    const secret = /ptr_cs_\S+/.exec(out)?.[0] ?? ''
    for (const args of [['client', 'show', 'app'], ['client', 'show', 'app', '--json'], ['client', 'list', '--json'], ['export']]) expect((await terminal.run(args)).out).not.toContain(secret)
  })

  test('json and quiet', async () => {
    const made = (await terminal.json(['client', 'create', '--kind', 'service', '--id', 'svc'])) as Record<string, unknown>
    expect(made).toMatchObject({ client_id: 'svc', grant_types: ['client_credentials'], client_secret: expect.stringMatching(/^ptr_cs_/) as unknown })
    expect((await terminal.run(['client', 'list', '--quiet'])).out).toBe('app\nsvc\n')
  })

  test('a secret of one\'s own comes from a file or standard input, and a weak one is refused', async () => {
    expect((await terminal.run(['client', 'create', '--kind', 'service', '--id', 'own', '--secret-file', '-'], { stdin: `${SECRET}\n` })).out).not.toContain('client_secret')
    const { status, err } = await terminal.run(['client', 'rotate-secret', 'own', '--secret-file', '-'], { stdin: 'weak' })
    expect([status, err]).toEqual([2, expect.stringContaining('The secret is too short')])
  })

  test('rotate-secret keeps the old one for a while; disable and enable', async () => {
    await terminal.run(['client', 'rotate-secret', 'svc', '--overlap', '1h'])
    const shown = (await terminal.json(['client', 'show', 'svc'])) as { secrets: { expires_at: string | null }[] }
    expect(shown.secrets.map(({ expires_at }) => expires_at === null)).toEqual([false, true])
    expect(await terminal.json(['client', 'disable', 'svc'])).toEqual({ client_id: 'svc', status: 'disabled' })
    expect(await terminal.json(['client', 'enable', 'svc'])).toEqual({ client_id: 'svc', status: 'production' })
    expect((await terminal.run(['client', 'disable', 'svd'])).err).toContain('There is no client svd; did you mean svc?')
  })

  test('what the schema refuses is told', async () => {
    const { status, err } = await terminal.run(['client', 'create', '--redirect-uri', 'http://app.example.org/cb'])
    expect([status, err]).toEqual([2, expect.stringContaining('redirect_uris[0] http is only for this machine')])
  })
})

describe('people', () => {
  test('create, set-password, lock, unlock', async () => {
    const made = (await terminal.json(['user', 'create', '--username', 'Eva', '--organization', 'ntu', '--name', 'Eva E'])) as Record<string, unknown>
    expect(made).toMatchObject({ username: 'eva', organization: 'ntu', password: expect.stringMatching(/^\S{20}$/) as unknown })
    expect((await terminal.run(['user', 'create', '--username', 'eva', '--organization', 'ntu', '--password-stdin'], { stdin: 'x' })).err).toContain('There is a user eva already')
    expect((await terminal.run(['user', 'set-password', 'ntu/eva', '--password-stdin'], { stdin: 'a new one\n' })).out).toBe('Eva E has a new password\n')
    expect((await terminal.run(['user', 'set-password', 'ntu/eva'])).status).toBe(2)
    expect(await terminal.json(['user', 'lock', 'ntu/eva'])).toEqual({ user_id: made['user_id'], status: 'locked' })
    expect(await terminal.json(['user', 'lock', 'eva', '--organization', 'ntu', '--unlock'])).toEqual({ user_id: made['user_id'], status: 'active' })
    expect((await terminal.run(['user', 'lock', 'nobody'])).status).toBe(1)
  })
})

describe('keys, tokens, configuration, doctor', () => {
  test('keys rotate publishes three more', async () => {
    expect(await terminal.json(['keys', 'list'])).toHaveLength(3)
    expect(await terminal.json(['keys', 'rotate'])).toMatchObject({ signs_in_seconds: 600 })
    const states = ((await terminal.json(['keys', 'list'])) as { state: string }[]).map(({ state }) => state)
    expect(states.toSorted()).toEqual(['published', 'published', 'published', 'signing', 'signing', 'signing'])
  })

  test('a token that is none', async () => {
    expect(await terminal.run(['token', 'introspect', '--json'], { stdin: 'ptr_at_nonsense' })).toEqual({ status: 1, out: '{\n  "active": false\n}\n', err: '' })
    expect((await terminal.run(['token', 'revoke'], { stdin: '' })).status).toBe(2)
  })

  test('config print shows every setting with its source and no secret', async () => {
    const { out } = await terminal.run(['config', 'print', '--json'], { env: { PORTNER_SECRET_KEY: 's'.repeat(40), DATABASE_URL: 'postgresql://me:hidden@db.example/x' } })
    expect(out).not.toMatch(/hidden|ssss/)
    const rows = JSON.parse(out) as { name: string; source: string; value: unknown }[]
    expect(rows.find(({ name }) => name === 'PORT')).toMatchObject({ source: 'environment', value: Number(terminal.env['PORT']) })
    expect(rows.find(({ name }) => name === 'LOG_LEVEL')).toMatchObject({ source: 'default', value: 'info' })
  })

  test('doctor names what is wrong and what to do', async () => {
    const healthy = (await terminal.json(['doctor'])) as { healthy: boolean; findings: { check: string; result: string }[] }
    expect(healthy.healthy).toBe(true)
    expect(healthy.findings.filter(({ result }) => result === 'ok').map(({ check }) => check)).toEqual(expect.arrayContaining(['configuration', 'issuer', 'database', 'clock', 'migrations', 'keys', 'clients']))
    const sick = await terminal.run(['doctor'], { env: { PORTNER_SECRET_KEY: 'x'.repeat(40), PORTNER_ISSUER: 'http://127.0.0.1:3000' } })
    expect(sick.status).toBe(1)
    expect(sick.out).toMatch(/fail {2}keys: PORTNER_SECRET_KEY does not open the signing key/)
    expect(sick.out).toMatch(/warn {2}issuer: http:\/\/127\.0\.0\.1:3000: browsers that open http:\/\/localhost:3000 are another site/)
    const lost = await terminal.run(['doctor'], { env: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/x' } })
    expect(lost.out).toMatch(/fail {2}database: It cannot be asked/)
  })

  test('healthcheck of nothing is 4', async () => {
    expect((await terminal.run(['healthcheck'])).status).toBe(4)
  })
})
