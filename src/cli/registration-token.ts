import type { Command as Commander } from 'commander'
import { readConfig } from '../config.ts'
import { giveRegistrationToken } from '../declarations/registration-token.ts'
import { changer } from './changer.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import type { Io } from './io.ts'
import { facts, type OutputOptions, print } from './output.ts'
import { Failure, status } from './status.ts'

interface Options extends OutputOptions {
  readonly uses: string
  readonly hours: string
  readonly note: string
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > most) throw new Failure(`--${name} ${text} is not a number from 1 to ${most}`, undefined, status.usage)
  return value
}

async function create(io: Io, options: Options): Promise<number> {
  const [uses, hours] = [wholeNumber('uses', options.uses, 10_000), wholeNumber('hours', options.hours, 8760)]
  const config = readConfig(io.env, { demo: false })
  return withContext(config, io, async (ctx) => {
    const token = await giveRegistrationToken(ctx, changer, { note: options.note, uses, seconds: hours * 3600 })
    if (config.registration === 'closed') io.err('warning: PORTNER_REGISTRATION is closed: the token opens nothing until it is token or open\n')
    print(io, options, { json: { initial_access_token: token, uses, expires_in: hours * 3600 }, ids: [token], text: facts([['initial_access_token', `${token}   (shown once)`], ['uses', String(uses)], ['ends in', `${hours} h`]]) })
    return status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('registration-token').description('tokens with which others may register clients (RFC 7591 §3)')
  const command = withOutputOptions(group.command('create'))
    .description('make one; it is printed once')
    .option('--uses <n>', 'how many clients it registers', '1')
    .option('--hours <n>', 'how long it is good', '24')
    .option('--note <text>', 'for whom it is', '')
  withExamples(command.action(async (options: Options) => finish(await create(io, options))), ['portner registration-token create --uses 5 --hours 48 --note "the library"'])
}

export const registrationTokenCommand: Command = { name: 'registration-token', register }
