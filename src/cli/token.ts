import type { Command as Commander } from 'commander'
import { readConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { readToken } from '../lib/opaque-token.ts'
import { revokeGrant } from '../tokens/grants.ts'
import { inspectAccessToken } from '../tokens/inspect.ts'
import { personTold } from '../tokens/person-told.ts'
import { revokePresented } from '../tokens/revoke.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import { type Io, readSecretLine } from './io.ts'
import { facts, type OutputOptions, print } from './output.ts'
import { Failure, status } from './status.ts'

async function readPresented(io: Io): Promise<string> {
  const text = (await readSecretLine(io)).trim()
  if (text === '') throw new Failure('There is no token on standard input', 'pipe it in: portner token introspect < token', status.usage)
  return text
}

async function describe(ctx: Context, text: string): Promise<Readonly<Record<string, unknown>>> {
  const token = await inspectAccessToken(ctx, text)
  if (token === undefined) return { active: false }
  const person = token.person === undefined ? {} : { sub: personTold(ctx, token.person).userId, auth_time: token.person.authTime }
  return { active: true, client_id: token.clientId, scope: token.scopes.join(' '), aud: token.audience, exp: token.expiresAt, format: token.format, jti: token.tokenId, ...person }
}

async function introspect(io: Io, options: OutputOptions): Promise<number> {
  const text = await readPresented(io)
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const found = await describe(ctx, text)
    print(io, options, { json: found, ids: found['active'] === true ? [String(found['jti'])] : [], text: facts(Object.entries(found).map(([name, value]) => [name, String(value)] as const)) })
    return found['active'] === true ? status.ok : status.failed
  })
}

// An operator proves nothing about the client: who holds the database may end any token.
async function revokeAny(ctx: Context, text: string): Promise<string | undefined> {
  const refresh = readToken('rt', text)
  if (refresh !== undefined) return (await revokeGrant(ctx, refresh.id)) ? 'refresh_token' : undefined
  const token = await inspectAccessToken(ctx, text)
  const revoked = token === undefined ? undefined : await revokePresented(ctx, token.clientKey, text)
  if (token !== undefined && revoked !== undefined) ctx.audit.record({ event: 'token.revoked', clientId: token.clientId, type: revoked })
  return revoked
}

async function revoke(io: Io, options: OutputOptions): Promise<number> {
  const text = await readPresented(io)
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const type = await revokeAny(ctx, text)
    print(io, options, { json: { revoked: type !== undefined, type: type ?? null }, ids: [], text: type === undefined ? 'nothing to revoke: no live token of this server' : `revoked the ${type.replace('_', ' ')}` })
    return type === undefined ? status.failed : status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('token').description('look at a token or end it; the token comes on standard input')
  withExamples(
    withOutputOptions(group.command('introspect').description('what an access token stands for now; status 1 when it is worth nothing')).action(async (options: OutputOptions) => finish(await introspect(io, options))),
    ['portner perform client-credentials --client robot --secret-file s --quiet | portner token introspect'],
  )
  withExamples(withOutputOptions(group.command('revoke').description('end an access token, or a refresh token with its whole family')).action(async (options: OutputOptions) => finish(await revoke(io, options))), ['portner token revoke < token'])
}

export const tokenCommand: Command = { name: 'token', register }
