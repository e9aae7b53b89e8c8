import type { Command as Commander } from 'commander'
import { clientName, type Client } from '../../clients/client.ts'
import { listProfileReports } from '../../clients/profile-reports.ts'
import { listSecrets } from '../../clients/secrets.ts'
import { listClients } from '../../clients/store.ts'
import { readConfig } from '../../config.ts'
import { countConsents } from '../../users/consents.ts'
import { withExamples, withOutputOptions } from '../command.ts'
import { withContext } from '../connect.ts'
import type { Io } from '../io.ts'
import { facts, type OutputOptions, print, table } from '../output.ts'
import { status } from '../status.ts'
import { findOrFail, isDeclared } from './find.ts'

function asJson(client: Client): object {
  return { ...client.metadata, client_id: client.clientId, status: client.status }
}

async function list(io: Io, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const clients = await listClients(ctx.db)
    print(io, options, {
      json: clients.map((client) => ({ ...asJson(client), declared: client.declared })),
      ids: clients.map((client) => client.clientId),
      text: table(['CLIENT', 'NAME', 'KIND', 'STATUS', 'ORGANIZATION'], clients.map((client) => [client.clientId, clientName(client, 'en'), client.metadata.application_type, client.status, client.metadata.organization ?? '-'])),
    })
    return status.ok
  })
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

async function show(io: Io, clientId: string, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const client = await findOrFail(ctx, clientId)
    const secrets = await listSecrets(ctx.db, client.key)
    const reports = await listProfileReports(ctx.db, client.key)
    const people = await countConsents(ctx.db, client.key)
    const declared = await isDeclared(ctx, clientId)
    const pairs = Object.entries(asJson(client)).map(([name, value]) => [name, valueText(value)] as const)
    const broken = reports.map(({ profile, rule, count, lastAt }) => [`${profile} would refuse`, `${rule}: ${count} times, last ${lastAt.toISOString()}`] as const)
    const kept = secrets.map(({ hint, createdAt, expiresAt }) => ['secret', `…${hint}, made ${createdAt.toISOString()}${expiresAt === undefined ? '' : `, ends ${expiresAt.toISOString()}`}`] as const)
    print(io, options, {
      json: { ...asJson(client), declared, people, would_refuse: reports.map(({ profile, rule, count, firstAt, lastAt }) => ({ profile, rule, count, first_at: firstAt, last_at: lastAt })), secrets: secrets.map(({ hint, createdAt, expiresAt }) => ({ hint, created_at: createdAt, expires_at: expiresAt ?? null })) },
      ids: [client.clientId],
      text: facts([...pairs, ...kept, ...broken, ['people', String(people)], ['declared by a file', declared ? 'yes' : 'no']]),
    })
    return status.ok
  })
}

/** `portner client list` and `portner client show`. */
export function registerShow(group: Commander, io: Io, finish: (status: number) => void): void {
  withExamples(withOutputOptions(group.command('list').description('all clients')).action(async (options: OutputOptions) => finish(await list(io, options))), ['portner client list --quiet'])
  withExamples(
    withOutputOptions(group.command('show').description('one client: registration, secrets by their last characters, how many people use it, what its report_only profile would refuse').argument('<client_id>')).action(
      async (clientId: string, options: OutputOptions) => finish(await show(io, clientId, options)),
    ),
    ['portner client show demo-web'],
  )
}
