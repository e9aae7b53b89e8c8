import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { findProgram, type FrontProgram, type FrontProxy, startFrontProxy } from '../support/front-proxy.ts'
import { rawRequest } from '../support/raw-request.ts'
import { type Seen, startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { gatekeptApis, systemToken, UPSTREAM_PASSWORD, userToken } from './world.ts'

// Real proxies of others, configured as the documentation has it: each lets in whom the gatekeeper lets in, and tells the API the same.

let upstream: UpstreamApi
let server: TestServer
let ada: string
let robot: string
let foreign: string
/** The one of its addresses that the server listens at. */
let localhost: string
beforeAll(async () => {
  localhost = (await lookup('localhost')).address
  upstream = await startUpstreamApi()
  server = await startTestServer()
  await server.apply(gatekeptApis(upstream.url))
  ada = await userToken(server.issuer)
  robot = await systemToken(server.issuer)
  foreign = await userToken(server.issuer, { scope: 'openid profile' })
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})
beforeEach(() => void upstream.seen())

/** The first block of documentation that has this, with the addresses of the test in it. */
function documented(part: string): string {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'gatekeeper.md'), 'utf8')
  const block = [...text.matchAll(/```\w+\n([\s\S]*?)```/g)].map(([, body = '']) => body).find((body) => body.includes(part)) ?? ''
  return block.replace('http://127.0.0.1:4001', upstream.url).replace('127.0.0.1:4001', new URL(upstream.url).host).replaceAll('https://auth.example.org', server.issuer).replace('the secret of the API', UPSTREAM_PASSWORD)
}

const nginx: FrontProgram = {
  name: 'nginx',
  configuration: (folder, port) => {
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')
    return `daemon off;\nworker_processes 1;\npid ${folder}/pid;\nerror_log ${folder}/error.log;\nevents {}\nhttp {\naccess_log off;\n${paths}\nserver {\nlisten 127.0.0.1:${port};\n${documented('auth_request')}\n}\n}\n`
  },
  options: (file, folder) => ['-p', folder, '-c', file, '-e', join(folder, 'error.log')],
}

const caddy: FrontProgram = {
  name: 'caddy',
  configuration: (_folder, port) => `{\nadmin off\n}\n${documented('forward_auth').replace('calendar.example.org', `http://127.0.0.1:${port}, http://localhost:${port}`)}`,
  options: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
  env: { CALENDAR_SECRET: UPSTREAM_PASSWORD },
}

const indented = (text: string, by: number): string => text.replaceAll(/^(?=.)/gm, ' '.repeat(by))

const envoy: FrontProgram = {
  name: 'envoy',
  configuration: (_folder, port) => {
    const cluster = (name: string, address: string): string => {
      const { hostname: host, port: at } = new URL(address)
      const hostname = host === 'localhost' ? localhost : host
      return `  - name: ${name}\n    type: STRICT_DNS\n    load_assignment: { cluster_name: ${name}, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: ${hostname}, port_value: ${at} } } } }] }] }\n`
    }
    return `static_resources:
  listeners:
  - address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: calendar
          route_config: { virtual_hosts: [{ name: all, domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: calendar } }] }] }
${indented(documented('ext_authz'), 10)}  clusters:
${cluster('portner', server.issuer)}${cluster('calendar', upstream.url)}`
  },
  options: (file) => ['--config-yaml', readFileSync(file, 'utf8'), '--concurrency', '1', '--use-dynamic-base-id', '--log-level', 'error'],
}

const ours = ({ headers }: Seen): Record<string, string> => Object.fromEntries(headers.filter(([name, value]) => /^x[-_]dataporten/.test(name) && value !== ''))
const SYSTEM = { 'x-dataporten-gatekeeper': 'calendar', 'x-dataporten-clientid': 'robot', 'x-dataporten-scopes': 'write', 'x-dataporten-subject-type': 'system' }

// Debian has no Envoy: it takes part where somebody has installed it.
const programs = [nginx, caddy, ...(findProgram('envoy') === undefined ? [] : [envoy])].map((program) => {
  const missing = findProgram(program.name) === undefined
  return { title: missing ? `${program.name} (skipped: it is not installed)` : program.name, program, missing }
})

describe.each(programs)('$title', ({ program, missing }) => {
  let proxy: FrontProxy
  beforeAll(async () => {
    if (!missing) proxy = await startFrontProxy(program)
  })
  afterAll(async () => {
    if (!missing) await proxy.close()
  })

  const through = (token: string | undefined, path = '/events', init: { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${proxy.port}${path}`, { ...init, headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers } })
  const raw = (path: string, ...headers: readonly string[]): ReturnType<typeof rawRequest> => {
    const close = headers.some((header) => header.startsWith('Connection')) ? [] : ['Connection: close']
    return rawRequest(proxy.port, `${[`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers, ...close].join('\r\n')}\r\n\r\n`)
  }

  test.skipIf(missing)('lets in whom the gatekeeper lets in, and tells the API the same', async () => {
    const user = (await (await through(ada, '/events', { headers: { cookie: 'a=b' } })).json()) as Seen
    const direct = (await (await fetch(`${server.issuer}/gk/calendar/events`, { headers: { authorization: `Bearer ${ada}` } })).json()) as Seen
    expect(ours(user)).toEqual(ours(direct))
    expect(JSON.stringify(user)).not.toContain(ada)
    expect(user.headers.filter(([name, value]) => /^(authorization|cookie|dpop|x-gatekeeper-secret)$/.test(name) && value !== '')).toEqual([])
    expect(ours((await (await through(robot)).json()) as Seen)).toEqual(SYSTEM)
    const posted = (await (await through(robot, '/a%20b?c=d', { method: 'POST', body: 'the body' })).json()) as Seen
    expect(posted).toMatchObject({ method: 'POST', url: '/a%20b?c=d', body: 'the body' })
    expect((await through(undefined, '/x', { method: 'OPTIONS' })).status).toBe(200)
  })

  test.skipIf(missing)('keeps out whom the gatekeeper keeps out', async () => {
    const nobody = await through(undefined)
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('resource_metadata=')])
    expect((await through('x')).status).toBe(401)
    expect((await through(foreign)).status).toBe(403)
    expect((await raw('/x', `Authorization: Bearer ${foreign}`, `Authorization: Bearer ${robot}`)).status).toBeGreaterThanOrEqual(400)
    expect(upstream.seen()).toEqual([])
  })

  test.skipIf(missing).each([
    ['as we write it', ['X-Dataporten-Userid: ada']],
    ['in capitals', ['X-DATAPORTEN-USERID: ada']],
    ['with underscores', ['X_Dataporten_Userid: ada']],
    ['with both', ['X-Dataporten_Userid: ada', 'X_Dataporten-Userid: ada']],
    ['twice', ['X-Dataporten-Userid: ada', 'X-Dataporten-Userid: lin']],
    ['for what we say ourselves', ['X-Dataporten-Clientid: agenda', 'X-Dataporten-Scopes: admin', 'X-Dataporten-Subject-Type: user', 'X-Dataporten-Token: x']],
    ['that names ours as of the connection', ['Connection: close, x-dataporten-clientid, x-dataporten-subject-type']],
    ['that says another method', ['X-Original-Method: OPTIONS', 'X-Forwarded-Method: OPTIONS']],
    ['that says another address', ['X-Original-URI: /other', 'X-Forwarded-Uri: /other']],
  ])('a header %s never reaches the API', async (_name, headers) => {
    expect((await raw('/x', `Authorization: Bearer ${robot}`, ...headers)).status).toBe(200)
    expect(upstream.seen().map(ours)).toEqual([SYSTEM])
    expect((await raw('/x', ...headers)).status).toBe(401)
    expect(upstream.seen()).toEqual([])
  })

  test.skipIf(missing).each(['/a/../x', '/%2e%2e/x', '/a%2fb', '//x', '/a\\b', '/..;/x'])('the address %s does not come through', async (path) => {
    expect([400, 403]).toContain((await raw(path, `Authorization: Bearer ${robot}`)).status)
    expect(upstream.seen()).toEqual([])
  })
})
