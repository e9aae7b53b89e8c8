import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { readClient } from '../../clients/store.ts'
import { type Config, readConfig } from '../../config.ts'
import { randomBytes } from '../../lib/random.ts'
import { withContext } from '../connect.ts'
import type { Io } from '../io.ts'
import { type OutputOptions, print } from '../output.ts'
import { type PasswordOptions, readPassword, readSecretFile } from '../secret-input.ts'
import { Failure, status } from '../status.ts'
import { type Person, signIn } from './sign-in.ts'
import { newVisitor } from './visitor.ts'
import { basic, openWire, readObject, textOf, tokenAnswer, type Wire } from './wire.ts'

export interface CodeOptions extends OutputOptions, PasswordOptions {
  readonly client: string
  readonly secretFile?: string
  readonly user?: string
  readonly provider?: string
  readonly redirectUri?: string
  readonly scope: string
}

interface Flow {
  readonly issuer: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly start: string
}

function draw(): string {
  return randomBytes(32).toString('base64url')
}

// Without --redirect-uri the registration is asked: who runs this beside the server has its database.
async function findRedirectUri(io: Io, config: Config, options: CodeOptions): Promise<string> {
  if (options.redirectUri !== undefined) return options.redirectUri
  const client = await withContext(config, io, (ctx) => readClient(ctx.db, options.client))
  if (client === undefined) throw new Failure(`There is no client ${options.client}`, 'list them with: portner client list')
  const [first] = client.metadata.redirect_uris
  if (first === undefined) throw new Failure(`${options.client} has no redirect URI: people cannot sign in to it`, 'for a service: portner perform client-credentials')
  return first
}

async function prepare(io: Io, wire: Wire, options: CodeOptions): Promise<Flow> {
  const config = readConfig(io.env, { demo: false })
  const redirectUri = await findRedirectUri(io, config, options)
  const metadata = readObject(await wire.send('GET', `${config.issuer}/.well-known/openid-configuration`, { quietBody: true }), 'The metadata')
  const [state, nonce, verifier] = [draw(), draw(), draw()]
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const query = new URLSearchParams({ response_type: 'code', client_id: options.client, redirect_uri: redirectUri, scope: options.scope, state, nonce, code_challenge: challenge, code_challenge_method: 'S256' })
  return { issuer: config.issuer, metadata, redirectUri, state, nonce, verifier, start: `${textOf(metadata, 'authorization_endpoint', 'The metadata')}?${query}` }
}

function readCode(flow: Flow, returned: string): string {
  const answer = new URL(returned).searchParams
  if (answer.get('state') !== flow.state) throw new Failure('The answer carries another state than the request')
  if (answer.get('iss') !== flow.issuer) throw new Failure('The answer carries another issuer (RFC 9207)')
  const error = answer.get('error')
  if (error !== null) throw new Failure(`The authorization endpoint refused: ${error}: ${answer.get('error_description') ?? ''}`)
  return answer.get('code') ?? ''
}

function checkIdToken(flow: Flow, tokens: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  const jwt = tokens['id_token']
  if (typeof jwt !== 'string') return undefined
  const claims = decodeJwt(jwt)
  if (claims['nonce'] !== flow.nonce) throw new Failure('The id token carries another nonce than the request')
  return { ...claims }
}

async function readPerson(io: Io, options: CodeOptions): Promise<Person | undefined> {
  const password = await readPassword(io, options)
  if (options.user === undefined) return undefined
  if (password === undefined) throw new Failure('The password of the person is missing', 'give it with --password-stdin or --password-file', status.usage)
  return { username: options.user, password, provider: options.provider }
}

/** Signs a person in over the real pages and trades the code, as a client and a browser would (RFC 6749 §4.1 with PKCE). */
export async function performCode(io: Io, options: CodeOptions): Promise<number> {
  if (options.secretFile === '-' && options.passwordStdin === true) throw new Failure('Standard input cannot be both the secret and the password', 'give one of them as a file', status.usage)
  const wire = openWire(io, options.quiet !== true && options.json !== true)
  const secret = options.secretFile === undefined ? undefined : await readSecretFile(io, options.secretFile)
  const person = await readPerson(io, options)
  const flow = await prepare(io, wire, options)
  if (person === undefined) {
    print(io, options, { json: { authorization_url: flow.start, code_verifier: flow.verifier }, ids: [flow.start], text: `Open this in a browser (or give --user and --password-stdin):\n${flow.start}` })
    return status.ok
  }
  const code = readCode(flow, await signIn(newVisitor(wire, flow.issuer, flow.redirectUri), flow.start, person))
  const form = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: flow.redirectUri, code_verifier: flow.verifier, ...(secret === undefined ? { client_id: options.client } : {}) })
  const headers = secret === undefined ? {} : { authorization: basic(options.client, secret) }
  const tokens = tokenAnswer(await wire.send('POST', textOf(flow.metadata, 'token_endpoint', 'The metadata'), { form, headers, quietBody: true }))
  const idToken = checkIdToken(flow, tokens)
  const accessToken = textOf(tokens, 'access_token', 'The answer')
  const userinfo = readObject(await wire.send('GET', textOf(flow.metadata, 'userinfo_endpoint', 'The metadata'), { headers: { authorization: `Bearer ${accessToken}` }, quietBody: true }), 'Userinfo')
  const all = { tokens, id_token_claims: idToken ?? null, userinfo }
  print(io, options, { json: all, ids: [accessToken], text: JSON.stringify(all, null, 2) })
  return status.ok
}
