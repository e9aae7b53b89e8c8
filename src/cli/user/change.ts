import type { Command as Commander } from 'commander'
import { readConfig } from '../../config.ts'
import type { Context } from '../../context.ts'
import { replaceThing } from '../../declarations/change.ts'
import { setLocked, takeFactors } from '../../declarations/people.ts'
import { findThing } from '../../declarations/thing.ts'
import { accountIdOf } from '../../declarations/user.ts'
import { listLocalUsers } from '../../users/store.ts'
import { displayName, type User } from '../../users/user.ts'
import { withExamples, withOutputOptions } from '../command.ts'
import { change, changer, rules } from '../changer.ts'
import { withContext } from '../connect.ts'
import type { Io } from '../io.ts'
import { type OutputOptions, print, table } from '../output.ts'
import { type PasswordOptions, readPassword, withPassword } from '../secret-input.ts'
import { Failure, status } from '../status.ts'
import { findOrFail } from './find.ts'

async function list(io: Io, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const users = await listLocalUsers(ctx.db)
    print(io, options, {
      json: users.map((user) => ({ user_id: user.userId, username: user.username ?? null, organization: user.organizationId ?? null, status: user.status, name: user.claims.name ?? null, declared: user.declared })),
      ids: users.map((user) => user.userId),
      text: table(['USER', 'NAME', 'STATUS', 'ID'], users.map((user) => [`${user.organizationId === undefined ? '' : `${user.organizationId}/`}${user.username ?? ''}`, displayName(user), user.status, user.userId])),
    })
    return status.ok
  })
}

type Named = OutputOptions & { readonly organization?: string }

async function givePassword(ctx: Context, user: User, password: string): Promise<void> {
  const id = accountIdOf(user)
  if (id === undefined) throw new Failure(`${displayName(user)} has no account here: their provider says who they are`, 'portner user list shows who has one')
  const { document, version } = await findThing(ctx, changer.actor, 'user', id)
  await change(() => replaceThing(ctx, changer, 'user', id, { ...document, password }, { ...rules, expected: version }), 'give another password')
}

async function changePassword(io: Io, name: string, options: Named & PasswordOptions): Promise<number> {
  const password = await readPassword(io, options)
  if (password === undefined) throw new Failure('There is no password', 'give it with --password-stdin or --password-file', status.usage)
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const user = await findOrFail(ctx, name, options.organization)
    await givePassword(ctx, user, password)
    print(io, options, { json: { user_id: user.userId }, ids: [user.userId], text: `${displayName(user)} has a new password` })
    return status.ok
  })
}

async function lock(io: Io, name: string, options: Named & { readonly unlock?: boolean }): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const user = await findOrFail(ctx, name, options.organization)
    const to = options.unlock === true ? 'active' : 'locked'
    await setLocked(ctx, changer, user, to === 'locked')
    print(io, options, { json: { user_id: user.userId, status: to }, ids: [user.userId], text: to === 'locked' ? `${displayName(user)} is locked; every session and token is dead at its next use` : `${displayName(user)} may sign in again` })
    return status.ok
  })
}

async function resetFactors(io: Io, name: string, options: Named): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const user = await findOrFail(ctx, name, options.organization)
    await takeFactors(ctx, changer, user, { reason: undefined, language: user.claims.locale ?? 'en' })
    print(io, options, { json: { user_id: user.userId }, ids: [user.userId], text: `${displayName(user)} has no second factor any more, and no device is trusted; sessions go on` })
    return status.ok
  })
}

function named(group: Commander, name: string, about: string): Commander {
  return withOutputOptions(group.command(name).description(about).argument('<user>', 'user name, or organization/username')).option('--organization <id>', 'where the person belongs')
}

/** `portner user list`, `set-password`, `lock` and `reset-factors`. */
export function registerChange(group: Commander, io: Io, finish: (status: number) => void): void {
  withExamples(withOutputOptions(group.command('list').description('all local accounts')).action(async (options: OutputOptions) => finish(await list(io, options))), ['portner user list'])
  withExamples(
    withPassword(named(group, 'set-password', 'give a person a new password')).action(async (name: string, options: Named & PasswordOptions) => finish(await changePassword(io, name, options))),
    ['portner user set-password ntu/ada --password-stdin < password'],
  )
  withExamples(
    named(group, 'lock', 'keep a person out: no sign-in, and every session and token is dead').option('--unlock', 'let the person in again').action(async (name: string, options: Named & { unlock?: boolean }) => finish(await lock(io, name, options))),
    ['portner user lock ntu/ada', 'portner user lock ntu/ada --unlock'],
  )
  withExamples(
    named(group, 'reset-factors', 'take all passkeys, the authenticator app and recovery codes away from a person who has lost them').action(async (name: string, options: Named) => finish(await resetFactors(io, name, options))),
    ['portner user reset-factors ntu/lin'],
  )
}
