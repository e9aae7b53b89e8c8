import { type Command as Commander, Option } from 'commander'
import { replaceSecrets } from '../../clients/change-secrets.ts'
import { isPublic } from '../../clients/client.ts'
import { readConfig } from '../../config.ts'
import { switchClient } from '../../declarations/client-status.ts'
import { machineSecretFault } from '../../declarations/secret.ts'
import { withExamples, withOutputOptions } from '../command.ts'
import { withContext } from '../connect.ts'
import type { Io } from '../io.ts'
import { offered } from '../../endpoints/offered.ts'
import { facts, type OutputOptions, print } from '../output.ts'
import { readSecretFile, withSecretFile } from '../secret-input.ts'
import { Failure, status } from '../status.ts'
import { change, changer } from '../changer.ts'
import { findOrFail, isDeclared } from './find.ts'

interface RotateOptions extends OutputOptions {
  readonly overlap: string
  readonly secretFile?: string
}

function secondsOf(text: string): number {
  const match = /^(\d{1,6})([smhd]?)$/.exec(text)
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[match?.[2] ?? ''] ?? 1
  if (match === null) throw new Failure(`--overlap ${text} is not a duration`, 'write it as 0, 90s, 30m, 24h or 7d', status.usage)
  return Number(match[1]) * unit
}

async function rotateSecret(io: Io, clientId: string, options: RotateOptions): Promise<number> {
  const overlap = secondsOf(options.overlap)
  const given = options.secretFile === undefined ? undefined : await readSecretFile(io, options.secretFile)
  const fault = given === undefined ? undefined : machineSecretFault({ is: 'text', text: given }, false)
  if (fault !== undefined) throw new Failure(`The secret ${fault}`, undefined, status.usage)
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const client = await findOrFail(ctx, clientId)
    if (isPublic(client)) throw new Failure(`${clientId} is a public client: it has no secret`, undefined, status.usage)
    const secret = await replaceSecrets(ctx, client, { given, overlapSeconds: overlap }, { actor: changer.actor.userId, way: 'by command' })
    if (await isDeclared(ctx, clientId)) io.err('warning: a file declares this client; if it gives a client_secret, the next apply brings that one back\n')
    const shown = given === undefined ? secret : undefined
    print(io, options, {
      json: { client_id: clientId, ...(shown === undefined ? {} : { client_secret: shown }), old_secrets_end_in_seconds: overlap },
      ids: shown === undefined ? [clientId] : [shown],
      text: facts([['client_id', clientId], ...(shown === undefined ? [] : [['client_secret', `${shown}   (shown once)`] as const]), ['old secrets', overlap === 0 ? 'ended now' : `end in ${options.overlap}`]]),
    })
    return status.ok
  })
}

async function setStatus(io: Io, clientId: string, to: 'development' | 'production' | 'disabled', options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const client = await findOrFail(ctx, clientId)
    await change(() => switchClient(ctx, changer, client, to, offered), 'choose the other --status, or change its registration')
    if (await isDeclared(ctx, clientId)) io.err(`warning: a file declares this client; say status: ${to} there too, or the next apply changes it back\n`)
    print(io, options, { json: { client_id: clientId, status: to }, ids: [clientId], text: to === 'disabled' ? `${clientId} is disabled; its tokens are dead within a second` : `${clientId} is in ${to}` })
    return status.ok
  })
}

/** `portner client rotate-secret`, `disable` and `enable`. */
export function registerChange(group: Commander, io: Io, finish: (status: number) => void): void {
  const rotate = withSecretFile(withOutputOptions(group.command('rotate-secret')), 'take the new secret from a file instead of drawing one')
    .description('give a client a new secret, printed once; the old ones go on for a while')
    .argument('<client_id>')
    .option('--overlap <time>', 'how long the old secrets go on: 0, 90s, 30m, 24h, 7d', '24h')
    .action(async (clientId: string, options: RotateOptions) => finish(await rotateSecret(io, clientId, options)))
  withExamples(rotate, ['portner client rotate-secret course-planner', 'portner client rotate-secret course-planner --overlap 0 --quiet'])
  withExamples(
    withOutputOptions(group.command('disable').description('refuse a client and everything that was issued to it').argument('<client_id>')).action(
      async (clientId: string, options: OutputOptions) => finish(await setStatus(io, clientId, 'disabled', options)),
    ),
    ['portner client disable course-planner'],
  )
  withExamples(
    withOutputOptions(group.command('enable').description('let a disabled client work again').argument('<client_id>'))
      .addOption(new Option('--status <status>', 'as what').choices(['production', 'development']).default('production'))
      .action(async (clientId: string, options: OutputOptions & { status: 'production' | 'development' }) => finish(await setStatus(io, clientId, options.status, options))),
    ['portner client enable course-planner'],
  )
}
