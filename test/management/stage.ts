import { readClient } from '../../src/clients/store.ts'
import { findConsent, saveConsent } from '../../src/users/consents.ts'
import { ownApiScopes } from '../../src/apis/scope-definition.ts'
import { addOperator } from '../../src/organizations/operators.ts'
import { setMember } from '../../src/organizations/members.ts'
import { findLocalUser } from '../../src/users/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, newPkce, walk } from '../support/relying-party.ts'
import { CALLBACK, SECRET } from '../support/world.ts'

// A server with programs that manage it: `manager` acts as an operator, `ntu-manager` and `lunmal-manager` as admins of their organizations;
// `narrow` has a scope of ours that opens none of this.

export const ALL = ownApiScopes.filter((scope) => scope.startsWith('portner.')).join(' ')

function robot(id: string, scope: string, more = ''): string {
  return `---\nkind: client\nclient_id: ${id}\nclient_secret: { value: ${SECRET} }\nclient_name: ${id}\napplication_type: service\nscope: ${scope}\n${more}`
}

const robots = [robot('manager', ALL), robot('ntu-manager', ALL, 'organization: ntu\n'), robot('lunmal-manager', ALL, 'organization: lunmal\n'), robot('narrow', 'consent.use')].join('')

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: unknown
}

export interface Program {
  readonly token: string
  call(method: string, path: string, options?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }): Promise<Answered>
}

export type Person = 'ada' | 'lin' | 'kai'

export interface Stage {
  readonly server: TestServer
  readonly userIds: Readonly<Record<Person, string>>
  program(clientId: string, more?: Readonly<Record<string, string>>): Promise<Program>
  as(token: string): Program
  close(): Promise<void>
}

async function tokenOf(issuer: string, clientId: string, more: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(`${issuer}/oauth/token`, { method: 'POST', headers: { authorization: `Basic ${btoa(`${clientId}:${SECRET}`)}` }, body: new URLSearchParams({ grant_type: 'client_credentials', resource: issuer, ...more }) })
  const { access_token } = (await response.json()) as { access_token: string }
  return access_token
}

/** `ada` is an operator, `lin` a developer of ntu, `kai` has no role. */
export async function openStage(env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const server = await startTestServer({ env })
  await server.apply(robots)
  const { issuer, ctx } = server
  const idOf = async (organization: string, name: string): Promise<string> => (await findLocalUser(ctx.db, organization, name))?.userId ?? ''
  const userIds = { ada: await idOf('ntu', 'ada'), lin: await idOf('ntu', 'lin'), kai: await idOf('lunmal', 'kai') }
  await addOperator(ctx.db, userIds.ada)
  await setMember(ctx.db, 'ntu', userIds.lin, 'developer')
  const as = (token: string): Program => ({
    token,
    call: async (method, path, { body, headers = {} } = {}) => {
      const response = await fetch(path.startsWith('http') ? path : `${issuer}${path}`, { method, headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
    },
  })
  return { server, userIds, as, program: async (clientId, more = {}) => as(await tokenOf(issuer, clientId, more)), close: () => server.close() }
}

/** A consent of ada's to the planner; its id. */
export async function consentOf({ server, userIds }: Stage): Promise<string> {
  const key = (await readClient(server.ctx.db, 'planner'))?.key ?? ''
  await saveConsent(server.ctx, server.ctx.db, userIds.ada, key, { granted: ['openid', 'profile'], declined: [] })
  return (await findConsent(server.ctx.db, userIds.ada, key)).consentId ?? ''
}

const CONSOLE = `kind: client
client_id: console
client_secret: { value: ${SECRET} }
client_name: Console
redirect_uris: [${CALLBACK}]
scope: openid ${ALL}
`

/** A token of a person for the management API, through a client that an operator gave the scopes to. */
export async function personalToken({ server }: Stage, username: string): Promise<string> {
  await server.apply(CONSOLE)
  const pkce = newPkce()
  const changes = { client_id: 'console', scope: `openid ${ALL}`, resource: server.issuer }
  const browser = newBrowser(server.issuer)
  const arrived = await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, changes)), username)
  const response = await fetch(`${server.issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic('console') },
    body: new URLSearchParams({ grant_type: 'authorization_code', code: answerOf(arrived).get('code') ?? '', redirect_uri: CALLBACK, code_verifier: pkce.verifier }),
  })
  return ((await response.json()) as { access_token: string }).access_token
}

/** All three, each with a token of theirs (personalToken). */
export async function people(stage: Stage): Promise<(name: Person) => Program> {
  const [ada, lin, kai] = [stage.as(await personalToken(stage, 'ada')), stage.as(await personalToken(stage, 'lin')), stage.as(await personalToken(stage, 'kai'))]
  const programs: Readonly<Record<Person, Program>> = { ada, lin, kai }
  return (name) => programs[name]
}
