import { type Command as Commander, Option } from 'commander'
import { readConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { changeRole, giveRole, takeRole } from '../declarations/roles.ts'
import { nearest } from '../lib/nearest.ts'
import { type Role, roles } from '../organizations/can.ts'
import { listMembers } from '../organizations/members.ts'
import { listOrganizations, readOrganization } from '../organizations/store.ts'
import { displayName } from '../users/user.ts'
import { changer, unless } from './changer.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print, table } from './output.ts'
import { Failure, status } from './status.ts'
import { findOrFail, peopleById, userLabel } from './user/find.ts'

async function requireOrganization(ctx: Context, id: string): Promise<void> {
  if ((await readOrganization(ctx.db, id)) !== undefined) return
  const meant = nearest(id, (await listOrganizations(ctx.db)).map((organization) => organization.id))
  throw new Failure(`There is no organization ${id}${meant === undefined ? '' : `; did you mean ${meant}?`}`, 'see them with: portner export --kind organization')
}

async function list(io: Io, organization: string, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    await requireOrganization(ctx, organization)
    const members = await listMembers(ctx.db, organization)
    const people = await peopleById(ctx, members.map(({ userId }) => userId))
    const rows = members.flatMap(({ userId, role }) => {
      const user = people.get(userId)
      return user === undefined ? [] : [{ user, role }]
    })
    print(io, options, {
      json: rows.map(({ user, role }) => ({ user_id: user.userId, user: userLabel(user), name: user.claims.name ?? null, role })),
      ids: rows.map(({ user }) => user.userId),
      text: table(['USER', 'NAME', 'ROLE', 'ID'], rows.map(({ user, role }) => [userLabel(user), displayName(user), role, user.userId])),
    })
    return status.ok
  })
}

/** Of an organization that somebody works for. */
async function warnOfNobody(ctx: Context, io: Io, organization: string): Promise<void> {
  const members = await listMembers(ctx.db, organization)
  if (members.length > 0 && !members.some(({ role }) => role === 'admin')) io.err(`warning: ${organization} has no admin; make somebody one with: portner organization member add ${organization} NAME --role admin\n`)
}

async function add(io: Io, organization: string, name: string, options: OutputOptions & { readonly role: Role }): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    await requireOrganization(ctx, organization)
    const user = await findOrFail(ctx, name, undefined)
    const place = { organization, userId: user.userId }
    if (!(await unless('exists', () => giveRole(ctx, changer, place, options.role)))) await changeRole(ctx, changer, place, options.role)
    await warnOfNobody(ctx, io, organization)
    print(io, options, { json: { organization, user_id: user.userId, role: options.role }, ids: [user.userId], text: `${displayName(user)} is ${options.role} of ${organization}` })
    return status.ok
  })
}

async function remove(io: Io, organization: string, name: string, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    await requireOrganization(ctx, organization)
    const user = await findOrFail(ctx, name, undefined)
    await unless('not_found', () => takeRole(ctx, changer, { organization, userId: user.userId }))
    await warnOfNobody(ctx, io, organization)
    print(io, options, { json: { organization, user_id: user.userId, role: null }, ids: [user.userId], text: `${displayName(user)} has no role in ${organization}` })
    return status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('organization').description('organizations and who works for them').command('member').description('who registers applications and decides for an organization')
  const noun = (name: string, about: string): Commander => withOutputOptions(group.command(name).description(about).argument('<organization_id>'))
  withExamples(noun('list', 'who they are').action(async (organization: string, options: OutputOptions) => finish(await list(io, organization, options))), ['portner organization member list ntu'])
  withExamples(
    noun('add', 'give a person a role, or another one')
      .argument('<user>', 'organization/username, or the user_id')
      .addOption(new Option('--role <role>', 'as what').choices(roles).default('developer'))
      .action(async (organization: string, name: string, options: OutputOptions & { role: Role }) => finish(await add(io, organization, name, options))),
    ['portner organization member add ntu ntu/ada --role admin'],
  )
  withExamples(
    noun('remove', 'take a role from a person; it holds at the next request')
      .argument('<user>', 'organization/username, or the user_id')
      .action(async (organization: string, name: string, options: OutputOptions) => finish(await remove(io, organization, name, options))),
    ['portner organization member remove ntu ntu/lin'],
  )
}

export const organizationCommand: Command = { name: 'organization', register }
