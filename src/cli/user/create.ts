import type { Command as Commander } from 'commander'
import { readConfig } from '../../config.ts'
import type { Context } from '../../context.ts'
import { inTransaction } from '../../database/transaction.ts'
import { memberName } from '../../declarations/issues.ts'
import { randomBytes } from '../../lib/random.ts'
import { readOrganization } from '../../organizations/store.ts'
import { setReadyPassword } from '../../users/passwords.ts'
import { listLocalUsers, saveLocalUser } from '../../users/store.ts'
import { normalizeUsername, type UserClaims, userClaimsSchema } from '../../users/user.ts'
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

function readClaims(options: Options): UserClaims {
  const claims = { name: options.name, given_name: options.givenName, family_name: options.familyName, email: options.email }
  const result = userClaimsSchema.safeParse(Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)))
  if (result.success) return result.data
  throw new Failure(result.error.issues.map((issue) => `${memberName(issue.path)}: ${issue.message}`).join('\n'), undefined, status.usage)
}

async function refuseWrong(ctx: Context, username: string, organization: string | undefined): Promise<void> {
  if (username === '' || /\s/.test(username)) throw new Failure('The user name must not be empty or have spaces', undefined, status.usage)
  if (organization !== undefined && (await readOrganization(ctx.db, organization)) === undefined) throw new Failure(`There is no organization ${organization}`, 'see them with: portner export --kind organization')
  const taken = (await listLocalUsers(ctx.db)).some((user) => user.username === username && user.organizationId === organization)
  if (taken) throw new Failure(`There is a user ${username} already`, 'change the password with: portner user set-password')
}

async function create(io: Io, options: Options): Promise<number> {
  const claims = readClaims(options)
  const username = normalizeUsername(options.username)
  const given = await readPassword(io, options)
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    await refuseWrong(ctx, username, options.organization)
    const password = given ?? randomBytes(15).toString('base64url')
    const phc = await ctx.passwords.hash(password)
    const userId = await inTransaction(ctx.db, async (trx) => {
      const id = await saveLocalUser(trx, { username, organizationId: options.organization, claims, groups: options.group ?? [], declared: false })
      await setReadyPassword(ctx, trx, id, phc, undefined)
      return id
    })
    ctx.audit.record({ event: 'user.changed', userId, change: 'create by command' })
    const shown = given === undefined ? password : undefined
    print(io, options, {
      json: { user_id: userId, username, organization: options.organization ?? null, ...(shown === undefined ? {} : { password: shown }) },
      ids: [userId],
      text: facts([['user_id', userId], ['username', username], ...(shown === undefined ? [] : [['password', `${shown}   (shown once)`] as const])]),
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
