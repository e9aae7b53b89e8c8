import type { Command as Commander } from 'commander'
import { readConfig } from '../config.ts'
import { makeOperator, takeOperator } from '../declarations/operators.ts'
import { listOperators } from '../organizations/operators.ts'
import { displayName } from '../users/user.ts'
import { changer, unless } from './changer.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print, table } from './output.ts'
import { status } from './status.ts'
import { findOrFail, peopleById, userLabel } from './user/find.ts'

async function list(io: Io, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const operators = await listOperators(ctx.db)
    const people = await peopleById(ctx, operators.map(({ userId }) => userId))
    const rows = operators.flatMap(({ userId, since }) => {
      const user = people.get(userId)
      return user === undefined ? [] : [{ user, since }]
    })
    print(io, options, {
      json: rows.map(({ user, since }) => ({ user_id: user.userId, user: userLabel(user), name: user.claims.name ?? null, since: since.toISOString() })),
      ids: rows.map(({ user }) => user.userId),
      text: table(['USER', 'NAME', 'SINCE', 'ID'], rows.map(({ user, since }) => [userLabel(user), displayName(user), since.toISOString().slice(0, 10), user.userId])),
    })
    return status.ok
  })
}

async function change(io: Io, name: string, to: 'add' | 'remove', options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const user = await findOrFail(ctx, name, undefined)
    await (to === 'add' ? unless('exists', () => makeOperator(ctx, changer, user.userId)) : unless('not_found', () => takeOperator(ctx, changer, user.userId)))
    if (to === 'remove' && (await listOperators(ctx.db)).length === 0) io.err('warning: nobody is an operator now; make one with: portner operator add\n')
    print(io, options, { json: { user_id: user.userId, operator: to === 'add' }, ids: [user.userId], text: `${displayName(user)} is ${to === 'add' ? 'an operator' : 'no operator'}` })
    return status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('operator').description('the people who run this server')
  withExamples(withOutputOptions(group.command('list').description('who they are')).action(async (options: OutputOptions) => finish(await list(io, options))), ['portner operator list'])
  for (const [to, about] of [['add', 'let a person see and change everything'], ['remove', 'take that from a person; it holds at the next request']] as const) {
    withExamples(
      withOutputOptions(group.command(to).description(about).argument('<user>', 'organization/username, or the user_id')).action(async (name: string, options: OutputOptions) => finish(await change(io, name, to, options))),
      [`portner operator ${to} ntu/ada`],
    )
  }
}

export const operatorCommand: Command = { name: 'operator', register }
