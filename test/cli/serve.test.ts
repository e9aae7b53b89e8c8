import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newCertificate } from '../support/client-certificates.ts'
import { certificateFetch } from '../support/mtls-client.ts'
import { freePort, openTerminal, type Spawned, spawnCommand, type Terminal, untilAnswers } from './terminal.ts'

let terminal: Terminal
beforeAll(async () => {
  terminal = await openTerminal()
})
afterAll(() => terminal.close())

async function token(port: string): Promise<number> {
  const response = await fetch(`http://localhost:${port}/oauth/token`, { method: 'POST', headers: { authorization: `Basic ${btoa('demo-service:demo-secret')}` }, body: new URLSearchParams({ grant_type: 'client_credentials' }) })
  return response.status
}

async function stopped(spawned: Spawned, signal: NodeJS.Signals): Promise<number | string> {
  spawned.child.kill(signal)
  return spawned.ended
}

describe('serve', { timeout: 180_000 }, () => {
  test('the demo: migrates a bare database, prints the box with a line that works, walks the pages, stops in order', async () => {
    const bare = new Client({ connectionString: terminal.env['DATABASE_URL'] })
    await bare.connect()
    await bare.query('drop schema public cascade; create schema public')
    await bare.end()
    expect((await terminal.run(['migrate', 'status'])).status).toBe(4)
    expect((await terminal.run(['client', 'list'])).status).toBe(4)

    const port = terminal.env['PORT'] ?? ''
    const metricsPort = String(await freePort())
    const server = spawnCommand(['serve', '--demo'], { ...terminal.env, PORTNER_METRICS_PORT: metricsPort })
    try {
      await untilAnswers(`http://localhost:${port}/readyz`)
      await expect.poll(() => server.out(), { timeout: 5000 }).toContain(`curl -s -u demo-service:demo-secret -d grant_type=client_credentials http://localhost:${port}/oauth/token`)
      expect(await token(port)).toBe(200)
      expect(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).toMatch(/portner_tokens_issued_total\{grant="client_credentials",type="access_token"\} 1/)
      expect((await terminal.run(['healthcheck', '--ready'])).status).toBe(0)

      const secretFile = join(terminal.directory, 'demo-secret')
      await writeFile(secretFile, 'demo-secret\n')
      const machine = await terminal.run(['perform', 'client-credentials', '--client', 'demo-service', '--secret-file', secretFile, '--quiet'])
      expect(machine.out).toMatch(/^ptr_at_\S+\n$/)
      expect(await terminal.json(['token', 'introspect'], machine.out)).toMatchObject({ active: true, client_id: 'demo-service' })
      expect(await terminal.json(['token', 'revoke'], machine.out)).toEqual({ revoked: true, type: 'access_token' })
      expect(await terminal.json(['token', 'introspect'], machine.out)).toEqual({ active: false })

      for (const client of ['demo-web', 'demo-http']) {
        const person = await terminal.run(['perform', 'code', '--client', client, '--secret-file', secretFile, '--user', 'ada', '--provider', 'ntu', '--password-stdin'], { stdin: 'demo-ada' })
        expect([person.status, person.status === 0 ? '' : person.err]).toEqual([0, ''])
        expect(JSON.parse(person.out)).toMatchObject({ userinfo: { name: 'Ada Example', email: 'ada@ntu.example' }, id_token_claims: { aud: client } })
        expect(person.err).toContain('password=…')
        expect(person.err).not.toMatch(/demo-ada|demo-secret/)
      }
      const wrong = await terminal.run(['perform', 'code', '--client', 'demo-web', '--secret-file', secretFile, '--user', 'ada', '--provider', 'ntu', '--password-stdin'], { stdin: 'not it' })
      expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining('The user name or password of ada was not accepted')])
    } finally {
      expect(await stopped(server, 'SIGINT')).toBe(0)
    }
  })

  test('a faulty configuration does not start, and says every fault', async () => {
    const file = join(terminal.directory, 'conf.yaml')
    await writeFile(file, 'kind: client\nclient_id: x y\nscop: openid\n')
    const server = spawnCommand(['serve'], { ...terminal.env, PORTNER_CONFIG: file })
    expect(await server.ended).toBe(2)
    expect(server.err()).toContain(`${file}:2:12: client_id must be`)
    expect(server.err()).toContain(`${file}:3:1: scop is not a member here`)
  })

  test('a port that is taken is said in a sentence', async () => {
    const other = createServer()
    const port = Number(terminal.env['PORT'])
    await new Promise<void>((resolve) => other.listen(port, 'localhost', resolve))
    const server = spawnCommand(['serve'], terminal.env)
    expect(await server.ended).toBe(1)
    expect(server.err()).toContain(`error: Port ${port} is taken by another program\n→ stop it, or choose another with PORT`)
    await new Promise((resolve) => other.close(resolve))
  })

  test('several processes: all serve, a dead one is replaced, figures are added up, all stop', async () => {
    const port = terminal.env['PORT'] ?? ''
    const metricsPort = String(await freePort())
    const mtlsPort = String(await freePort())
    const own = newCertificate({ subject: [['CN', 'localhost']], names: [['dns', 'localhost']] })
    const withCertificate = certificateFetch(own.pem, newCertificate())
    const server = spawnCommand(['serve', '--demo'], { ...terminal.env, PORTNER_WORKERS: '2', PORTNER_METRICS_PORT: metricsPort, LOG_LEVEL: 'info', PORTNER_MTLS_PORT: mtlsPort, PORTNER_TLS_CERT: own.pem, PORTNER_TLS_KEY: own.keyPem })
    const served = (): number[] => [...server.out().matchAll(/"pid":(\d+),"message":"serving"/g)].map((match) => Number(match[1]))
    try {
      await expect.poll(() => served().length, { timeout: 60_000 }).toBe(2)
      for (let i = 0; i < 4; i++) expect(await token(port)).toBe(200)
      expect(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).toMatch(/portner_tokens_issued_total\{grant="client_credentials",type="access_token"\} 4/)
      expect(await (await withCertificate.fetch(`https://localhost:${mtlsPort}/.well-known/oauth-authorization-server`)).json()).toMatchObject({ mtls_endpoint_aliases: { token_endpoint: `https://localhost:${mtlsPort}/oauth/token` } })
      process.kill(served()[0] ?? 0, 'SIGKILL')
      await expect.poll(() => served().length, { timeout: 60_000 }).toBe(3)
      expect(await token(port)).toBe(200)
    } finally {
      // Its connection stays open and keeps nobody from stopping.
      expect(await stopped(server, 'SIGTERM')).toBe(0)
      await withCertificate.close()
    }
    for (const pid of served()) expect(() => process.kill(pid, 0)).toThrow()
  })
})
