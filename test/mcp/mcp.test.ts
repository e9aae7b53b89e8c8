import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { auth, type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, openTerminal, type Spawned, spawnCommand, type Terminal, untilAnswers } from '../cli/terminal.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { createAuthority } from '../support/certificates.ts'
import { type SampleServer, startSampleServer } from '../support/mcp-server.ts'
import { answerOf, basic, post, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// Agents: the official MCP client signs a person in at Portner to use a sample MCP server, as a client that was registered before, one that
// registers itself, and one that describes itself at its own address over https. Portner runs as a process of its own.

const REDIRECT = 'https://agent.example.org/callback'
let terminal: Terminal
let portner: Spawned
let issuer: string
let notes: SampleServer
let other: SampleServer
let documents: Server
let documentUrl: string
beforeAll(async () => {
  terminal = await openTerminal()
  issuer = `http://localhost:${terminal.env['PORT']}`
  const [notesPort, otherPort, documentsPort] = [await freePort(), await freePort(), await freePort()]
  const authority = createAuthority(terminal.directory)
  const { certificateFile, keyFile } = authority.issue('documents', 'DNS:localhost')
  documentUrl = `https://localhost:${documentsPort}/agent.json`
  documents = createServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ client_id: documentUrl, ...metadata }))
  })
  await new Promise<void>((resolve) => documents.listen(documentsPort, 'localhost', resolve))
  const config = join(terminal.directory, 'conf.yaml')
  const api = (id: string, port: number): string => `kind: api\napi_id: ${id}\nname: ${id}\naudience: http://localhost:${port}/mcp\norganization: ntu\nscopes:\n  write: { title: Write notes }\n---\nkind: client\nclient_id: ${id}-server\nclient_secret: { value: ${SECRET} }\napplication_type: service\norganization: ntu\nscope: openid\n---\n`
  await writeFile(config, `kind: organization\norganization_id: ntu\nname: NTU\n---\nkind: provider\nprovider_id: ntu\nprotocol: local\nname: NTU\norganization: ntu\n---\nkind: user\nusername: ada\norganization: ntu\npassword: { value: ada has a password }\n---\n${api('notes', notesPort)}${api('other', otherPort)}kind: client\nclient_id: known-agent\nclient_secret: { value: ${SECRET} }\nclient_name: Known Agent\nredirect_uris: [${REDIRECT}]\ngrant_types: [authorization_code, refresh_token]\nscope: gk_notes gk_notes_write offline_access\n`)
  portner = spawnCommand(['serve'], { ...terminal.env, NODE_EXTRA_CA_CERTS: authority.certificateFile, PORTNER_CONFIG: config, PORTNER_REGISTRATION: 'open', PORTNER_CLIENT_ID_METADATA_DOCUMENTS: '1', PORTNER_TEST_FETCH: '1' })
  const sample = { issuer, secret: SECRET }
  notes = await startSampleServer({ ...sample, port: notesPort, clientId: 'notes-server', scope: 'gk_notes', writeScope: 'gk_notes_write' })
  other = await startSampleServer({ ...sample, port: otherPort, clientId: 'other-server', scope: 'gk_other', writeScope: 'gk_other_write' })
  await untilAnswers(`${issuer}/readyz`)
})
afterAll(async () => {
  portner.child.kill('SIGTERM')
  await portner.ended
  await Promise.all([notes.close(), other.close(), new Promise((resolve) => documents.close(resolve))])
  await terminal.close()
})

const metadata = { client_name: 'Agent', redirect_uris: [REDIRECT], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' }

interface Agent extends OAuthClientProvider {
  /** Where the person was sent. */
  readonly sent: URL[]
  information: OAuthClientInformationMixed | undefined
  kept: OAuthTokens | undefined
}

/** What an application keeps for the SDK. */
function newAgent(known: { readonly information?: OAuthClientInformationMixed; readonly clientMetadataUrl?: string } = {}): Agent {
  let verifier = ''
  const agent: Agent = {
    sent: [],
    information: known.information,
    kept: undefined,
    ...(known.clientMetadataUrl === undefined ? {} : { clientMetadataUrl: known.clientMetadataUrl }),
    redirectUrl: REDIRECT,
    clientMetadata: metadata,
    clientInformation: () => agent.information,
    saveClientInformation: (information) => void (agent.information = information),
    tokens: () => agent.kept,
    saveTokens: (tokens) => void (agent.kept = tokens),
    redirectToAuthorization: (url) => void agent.sent.push(url),
    saveCodeVerifier: (text) => void (verifier = text),
    codeVerifier: () => verifier,
  }
  return agent
}

const transportOf = (agent: Agent, server: SampleServer): StreamableHTTPClientTransport => new StreamableHTTPClientTransport(new URL(server.url), { authProvider: agent })

async function connect(agent: Agent, server: SampleServer): Promise<Client> {
  const client = new Client({ name: 'agent', version: '1.0.0' })
  await client.connect(transportOf(agent, server))
  return client
}

/** The person decides where the agent sent them, and the agent gets its tokens. */
async function finish(agent: Agent, transport: StreamableHTTPClientTransport): Promise<string> {
  const browser = newBrowser(issuer)
  const start = await browser.open(agent.sent.at(-1)?.href ?? '')
  expect(pageName(start), start.html.slice(0, 3000)).toBe('login')
  const answer = answerOf(await walk(browser, start))
  expect(answer.get('iss')).toBe(issuer)
  await transport.finishAuth(answer.get('code') ?? '')
  return start.html
}

async function signIn(agent: Agent, server: SampleServer): Promise<string> {
  const transport = transportOf(agent, server)
  await expect(new Client({ name: 'agent', version: '1.0.0' }).connect(transport)).rejects.toThrow(UnauthorizedError)
  expect(agent.sent.at(-1)?.searchParams.get('resource')).toBe(server.url)
  return finish(agent, transport)
}

async function call(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = (await client.callTool({ name, arguments: args })) as { readonly content: readonly { readonly text: string }[] }
  return content[0]?.text ?? ''
}

async function audienceOf(agent: Agent): Promise<unknown> {
  return (await post(issuer, '/oauth/introspection', { token: agent.kept?.access_token }, { authorization: basic('notes-server') })).body['aud']
}

describe.each([
  ['was registered before', () => newAgent({ information: { client_id: 'known-agent', client_secret: SECRET } }), 'Known Agent'],
  ['registers itself', () => newAgent(), 'Agent'],
  ['describes itself at its own address', () => newAgent({ clientMetadataUrl: documentUrl }), 'Agent (localhost:'],
] as const)('an agent that %s', (_name, make, shown) => {
  let agent: Agent
  beforeAll(() => {
    agent = make()
  })

  test('signs a person in and calls a tool with a token that is for that server alone', async () => {
    expect(await signIn(agent, notes)).toContain(shown)
    const client = await connect(agent, notes)
    expect(await call(client, 'whoami')).toMatch(/^[0-9a-f-]{36}$/)
    expect(await audienceOf(agent)).toBe(notes.url)
    await client.close()
  })

  test('refreshes by itself', async () => {
    const before = agent.kept?.access_token
    expect(await auth(agent, { serverUrl: notes.url })).toBe('AUTHORIZED')
    expect(agent.kept?.access_token).not.toBe(before)
    expect(await audienceOf(agent)).toBe(notes.url)
  })
})

test('which client each agent became', async () => {
  const describing = newAgent({ clientMetadataUrl: documentUrl })
  await signIn(describing, notes)
  expect(describing.information?.client_id).toBe(documentUrl)
  const registering = newAgent()
  await signIn(registering, notes)
  expect(registering.information?.client_id).toMatch(/^[0-9a-f-]{36}$/)
})

test('a token for one server is nothing at another', async () => {
  const agent = newAgent({ clientMetadataUrl: documentUrl })
  await signIn(agent, notes)
  const response = await fetch(other.url, { method: 'POST', headers: { authorization: `Bearer ${agent.kept?.access_token}`, 'content-type': 'application/json' }, body: '{}' })
  expect(response.status).toBe(401)
})

test('what needs more is asked of the person when it is needed', async () => {
  const agent = newAgent({ clientMetadataUrl: documentUrl })
  await signIn(agent, notes)
  const transport = transportOf(agent, notes)
  const client = new Client({ name: 'agent', version: '1.0.0' })
  await client.connect(transport)
  // The SDK tries to refresh before it asks anybody: what it has must not stand in the way.
  if (agent.kept !== undefined) delete agent.kept.refresh_token
  await expect(call(client, 'write', { note: 'x' })).rejects.toThrow(UnauthorizedError)
  expect(agent.sent.at(-1)?.searchParams.get('scope')).toBe('gk_notes gk_notes_write')
  await finish(agent, transport)
  expect(await call(await connect(agent, notes), 'write', { note: 'x' })).toBe('wrote x')
})
