import type { Command as Commander } from 'commander'
import { readConfig } from '../../config.ts'
import type { Context } from '../../context.ts'
import { type Changed, createThing } from '../../declarations/change.ts'
import { type Document, withoutUndefined } from '../../declarations/kind.ts'
import { ChangeRefused } from '../../declarations/refused.ts'
import { findLocalUser } from '../../users/store.ts'
import { normalizeUsername } from '../../users/user.ts'
import { change, changer, rules } from '../changer.ts'
import { withExamples, withOutputOptions } from '../command.ts'
import { withContext } from '../connect.ts'
import type { Io } from '../io.ts'
import { facts, type OutputOptions, print } from '../output.ts'
import { type PasswordOptions, readPassword, withPassword } from '../secret-input.ts'
import { Failure, status } from '../status.ts'

interface Options extends OutputOptions, PasswordOptions {
  readonly username: string
  readonly organization?: string
  readonly name?: string
  readonly givenName?: string
  readonly familyName?: string
  readonly email?: string
  readonly group?: readonly string[]
}

function documentOf({ username, organization, group, ...options }: Options, password: string | undefined): Document {
  const claims = withoutUndefined({ name: options.name, given_name: options.givenName, family_name: options.familyName, email: options.email })
  return withoutUndefined({ username, organization, claims, groups: group, password: password ?? { generate: true } })
}

async function make(ctx: Context, document: Document): Promise<Changed> {
  try {
    return await change(() => createThing(ctx, changer, 'user', document, rules), 'portner user create --help explains the options; organizations are told by: portner export --kind organization')
  } catch (error) {
    if (error instanceof ChangeRefused && error.refusal === 'exists') throw new Failure(`There is a user ${normalizeUsername(String(document['username']))} already`, 'change the password with: portner user set-password')
    throw error
  }
}

async function create(io: Io, options: Options): Promise<number> {
  const said = documentOf(options, await readPassword(io, options))
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const { document, secret } = await make(ctx, said)
    const username = String(document['username'])
    const userId = (await findLocalUser(ctx.db, options.organization, username))?.userId ?? ''
    print(io, options, {
      json: { user_id: userId, username, organization: options.organization ?? null, ...(secret === undefined ? {} : { password: secret }) },
      ids: [userId],
      text: facts([['user_id', userId], ['username', username], ...(secret === undefined ? [] : [['password', `${secret}   (shown once)`] as const])]),
    })
    return status.ok
  })
}

/** `portner user create`. */
export function registerCreate(group: Commander, io: Io, finish: (status: number) => void): void {
  const command = withPassword(withOutputOptions(group.command('create')))
    .description('make a local account; without a password one is drawn and printed once')
    .requiredOption('--username <name>', 'what the person signs in with')
    .option('--organization <id>', 'where the person belongs')
    .option('--name <name>', 'full name')
    .option('--given-name <name>', 'given name')
    .option('--family-name <name>', 'family name')
    .option('--email <address>', 'e-mail address')
    .option('--group <group...>', 'groups')
    .action(async (options: Options) => finish(await create(io, options)))
  withExamples(command, ['portner user create --username ada --organization ntu --name "Ada Example" --password-stdin < password', 'portner user create --username eva --email eva@example.org'])
}
