import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mayHandOutPower } from '../../account/guard.ts'
import { notFound } from '../../account/not-found.ts'
import type { Context } from '../../context.ts'
import { ChangeRefused, type Refusal } from '../../declarations/refused.ts'
import { changeRole, giveRole, takeRole } from '../../declarations/roles.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page } from '../../http/pages.ts'
import { can, type Role, roles } from '../../organizations/can.ts'
import { isRowId } from '../../lib/random.ts'
import { findMember, listMembers } from '../../organizations/members.ts'
import { accessDenied, invalidRequest } from '../../protocol/error.ts'
import { requireMeasure } from '../../signin/attempts.ts'
import { findUserByHint, findUsers } from '../../users/store.ts'
import { displayName } from '../../users/user.ts'
import { forOwner, ownerName } from '../acting-for.ts'
import { changer } from '../change.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'

// Who works for an organization, and as what. Administrators add people whom the service knows, change roles and take them; an organization
// never loses its last administrator.

const NAME = 'team'
const PATH = '/dashboard/team'
const WHY = 'dashboard.again.roles'
const DONE = ['added', 'changed', 'removed', 'unknown', 'last', 'already'] as const
const FAILED: readonly string[] = ['unknown', 'last', 'already']
/** Of a page. */
const ROWS = 100
/** Names somebody may try in an hour. */
const MOST_TRIES = 60

function owner(organization: string): { readonly organization: string } {
  return { organization }
}

function mayManage(desk: Desk, organization: string): boolean {
  return can(desk.actor, 'create', { kind: 'membership', owner: owner(organization) })
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk): Promise<FastifyReply> {
  const { organization } = desk.acting
  const frame = await kit.frame(request, desk, NAME)
  if (organization === undefined) return page(reply, request, 'dashboard-team', { desk: frame, rows: [], roles, mayManage: false })
  const { single } = queryForm(request)
  const after = single.get('after')
  const found = await listMembers(ctx.db, organization, { after: after !== undefined && isRowId(after) ? after : undefined, limit: ROWS + 1 })
  const members = found.slice(0, ROWS)
  const last = members.at(-1)
  const people = new Map((await findUsers(ctx.db, members.map(({ userId }) => userId))).map((user) => [user.userId, user]))
  const done = DONE.find((one) => one === single.get('done'))
  const failed = done !== undefined && FAILED.includes(done)
  const mayChange = mayManage(desk, organization)
  // What was typed would be lost in the sign-in that is asked for afterwards: it is asked for before.
  const isReady = mayChange && (await mayHandOutPower(ctx, desk.account))
  return page(reply, request, 'dashboard-team', {
    desk: frame,
    organization,
    rows: members.map(({ userId, role, since }) => {
      const user = people.get(userId)
      return { id: userId, name: user === undefined ? userId : displayName(user), address: user?.claims.email ?? user?.username, role, since, self: userId === desk.actor.userId }
    }),
    nextHref: found.length > ROWS && last !== undefined ? `${forOwner(PATH, desk.acting)}&${new URLSearchParams({ after: last.userId })}` : undefined,
    roles,
    mayManage: isReady,
    changeHref: mayChange && !isReady ? `${forOwner(PATH, desk.acting)}&change=1` : undefined,
    action: forOwner(PATH, desk.acting),
    csrf: kit.token(desk, `team/${organization}`),
    done,
  }, { status: failed ? 400 : 200 })
}

function requireRole(text: string | undefined): Role {
  const role = roles.find((one) => one === text)
  if (role === undefined) throw invalidRequest('There is no such role', { parameter: 'role' })
  return role
}

type Done = (typeof DONE)[number]

/** What the page tells of a change that was refused. */
const REFUSED: Readonly<Partial<Record<Refusal, Done>>> = { exists: 'already', in_use: 'last' }

async function told(done: Done, work: () => Promise<unknown>): Promise<Done> {
  try {
    await work()
    return done
  } catch (error) {
    const refused = error instanceof ChangeRefused ? REFUSED[error.refusal] : undefined
    if (refused === undefined) throw error instanceof ChangeRefused && error.refusal === 'not_found' ? notFound() : error
    return refused
  }
}

async function add(ctx: Context, desk: Desk, organization: string, login: string, role: Role): Promise<Done> {
  await requireMeasure(ctx, `dashboard/team/${desk.actor.userId}`, { most: MOST_TRIES, seconds: 3600 }, 'Too many names in an hour')
  const user = login === '' ? undefined : await findUserByHint(ctx.db, login)
  return user === undefined ? 'unknown' : told('added', () => giveRole(ctx, changer(desk), { organization, userId: user.userId }, role))
}

async function change(ctx: Context, desk: Desk, organization: string, userId: string, role: Role | undefined): Promise<Done> {
  const place = { organization, userId }
  return role === undefined ? told('removed', () => takeRole(ctx, changer(desk), place)) : told('changed', () => changeRole(ctx, changer(desk), place, role))
}

async function act(ctx: Context, desk: Desk, organization: string, single: ReadonlyMap<string, string>): Promise<Done> {
  if (single.get('act') === 'add') return add(ctx, desk, organization, (single.get('login') ?? '').trim().slice(0, 200), requireRole(single.get('role')))
  const userId = single.get('user') ?? ''
  if (!isRowId(userId) || (await findMember(ctx.db, organization, userId)) === undefined) throw notFound()
  return change(ctx, desk, organization, userId, single.get('act') === 'remove' ? undefined : requireRole(single.get('role')))
}

export const team: DashboardSection = {
  name: NAME,
  path: PATH,
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get(PATH, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply, queryForm(request).single.has('change') ? { recent: WHY } : {})
      return isDesk(desk) ? show(ctx, request, reply, kit, desk) : desk
    })

    app.post(PATH, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply, { recent: WHY })
      if (!isDesk(desk)) return desk
      const { organization } = desk.acting
      if (organization === undefined) throw notFound()
      const { single } = kit.ownForm(request, desk, `team/${organization}`)
      if (!mayManage(desk, organization)) throw accessDenied('Only administrators change who works here', { status: 403, detail: 'membership.change' })
      const done = await act(ctx, desk, organization, single)
      return goTo(reply, `${PATH}?${new URLSearchParams({ owner: ownerName(desk.acting), done })}`)
    })
  },
}
