import type { Command as Commander } from 'commander'
import { findClientByKey } from '../../clients/store.ts'
import { readConfig } from '../../config.ts'
import { type ConsentStatus, listAnyConsentObjects, type WithdrawnBy } from '../../consents/objects.ts'
import type { Context } from '../../context.ts'
import { listAnyConsents } from '../../users/consents.ts'
import { findOrFail as findClientOrFail } from '../client/find.ts'
import { withExamples, withOutputOptions } from '../command.ts'
import { withContext } from '../connect.ts'
import type { Io } from '../io.ts'
import { type OutputOptions, print, table } from '../output.ts'
import { Failure, status } from '../status.ts'
import { findOrFail as findUserOrFail } from '../user/find.ts'

interface Options extends OutputOptions {
  readonly user?: string
  readonly organization?: string
  readonly client?: string
  readonly limit: string
}

const MOST = 10_000

interface Listed {
  readonly consentId: string
  readonly userId: string
  readonly clientKey: string
  readonly scopes: readonly string[]
  readonly status: ConsentStatus
  readonly since: Date
  readonly until: Date | undefined
  readonly endedAt: Date | undefined
  readonly withdrawnBy: WithdrawnBy | undefined
}

/** Consents of both kinds, newest first. */
async function find(ctx: Context, options: Options, limit: number): Promise<readonly Listed[]> {
  const of = { userId: options.user === undefined ? undefined : (await findUserOrFail(ctx, options.user, options.organization)).userId, clientKey: options.client === undefined ? undefined : (await findClientOrFail(ctx, options.client)).key }
  const [lasting, limited] = await Promise.all([listAnyConsents(ctx, of, limit), listAnyConsentObjects(ctx, of, limit)])
  const all: Listed[] = [
    ...lasting.map(({ granted: scopes, removedAt: endedAt, removedBy: withdrawnBy, ...one }) => ({ ...one, scopes, status: endedAt === undefined ? ('active' as const) : ('withdrawn' as const), until: undefined, endedAt, withdrawnBy })),
    ...limited.map(({ createdAt: since, expiresAt: until, ...one }) => ({ ...one, since, until })),
  ]
  return all.sort((a, b) => b.since.getTime() - a.since.getTime()).slice(0, limit)
}

async function list(io: Io, options: Options): Promise<number> {
  const limit = /^\d{1,5}$/.test(options.limit) ? Number(options.limit) : 0
  if (limit < 1 || limit > MOST) throw new Failure(`--limit ${options.limit} is not a number from 1 to ${MOST}`, undefined, status.usage)
  if (options.user === undefined && options.client === undefined) throw new Failure('Whose consents are meant is not said', 'name a person with --user, an application with --client, or both', status.usage)
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const found = await find(ctx, options, limit)
    const names = new Map<string, string>()
    for (const key of new Set(found.map(({ clientKey }) => clientKey))) names.set(key, (await findClientByKey(ctx, key))?.clientId ?? key)
    const day = (date: Date | undefined): string => date?.toISOString().slice(0, 10) ?? '-'
    print(io, options, {
      json: found.map((one) => ({ consent_id: one.consentId, user_id: one.userId, client_id: names.get(one.clientKey), scope: one.scopes.join(' '), status: one.status, withdrawn_by: one.withdrawnBy ?? null, created_at: one.since, expires_at: one.until ?? null, ended_at: one.endedAt ?? null })),
      ids: found.map(({ consentId }) => consentId),
      text: table(
        ['CONSENT', 'PERSON', 'CLIENT', 'STATUS', 'SINCE', 'UNTIL', 'SCOPE'],
        found.map((one) => [one.consentId, one.userId, names.get(one.clientKey) ?? '', one.withdrawnBy === undefined ? one.status : `${one.status} by ${one.withdrawnBy}`, day(one.since), day(one.until), one.scopes.join(' ')]),
      ),
    })
    return status.ok
  })
}

/** `portner consent list`. */
export function registerList(group: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(group.command('list'))
    .description('consents of a person or of an application, newest first, those that ended too')
    .option('--user <user>', 'identifier, user name, or organization/username')
    .option('--organization <id>', 'where the person belongs')
    .option('--client <client_id>', 'the application')
    .option('--limit <n>', 'how many', '100')
  withExamples(command.action(async (options: Options) => finish(await list(io, options))), ['portner consent list --user ntu/ada', 'portner consent list --client demo-web --quiet'])
}
