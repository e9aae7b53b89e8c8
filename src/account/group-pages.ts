import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { type AdHocGroup, type AdHocMember, adHocRoles, deleteGroup, findGroupOf, findMember, hasOneOwner, leaveGroup, listMembers, removeMember, setMemberRole } from '../groups/ad-hoc.ts'
import { createInvitation, listInvitations, revokeInvitation } from '../groups/invitations.ts'
import { anyQueryForm, queryForm } from '../http/forms.ts'
import type { AccountGroupModel, GroupMemberRow } from '../http/groups-views.ts'
import { goTo } from '../http/leave.ts'
import { page } from '../http/pages.ts'
import type { Form } from '../protocol/form.ts'
import { notFound } from './not-found.ts'
import { type Account, type AccountKit, isAccount } from './section.ts'

// One group that people made: who is in it, letting others in and out, leaving it, ending it. What the person may do is decided by the
// statement that does it (groups/ad-hoc.ts); the page shows no button that would be refused.

const NAME = 'groups'
export const GROUPS = '/account/groups'
/** Of a page. */
const ROWS = 100
const DONE = ['created', 'joined', 'role', 'removed', 'revoked', 'last', 'refused'] as const

interface Named {
  Params: { id: string }
}

/** Where a link leads. */
export function joinAddress(ctx: Context, token: string): string {
  return `${ctx.config.issuer}${GROUPS}/join/${token}`
}

/** By name: whoever is in a group has not told the others their address. */
function nameOf({ claims, username }: Pick<AdHocMember, 'claims' | 'username'>): string {
  return claims.name ?? username ?? '?'
}

function memberRow(own: AdHocGroup, member: AdHocMember, userId: string, isLastOwner: boolean): GroupMemberRow {
  const self = member.userId === userId
  const decides = own.role === 'owner' || (own.role === 'admin' && member.role === 'member')
  return {
    id: member.userId,
    name: nameOf(member),
    role: member.role,
    since: member.since,
    self,
    removeHref: decides && !self ? `${GROUPS}/${own.groupId}/remove/${member.userId}` : undefined,
    roles: own.role === 'owner' && !(member.role === 'owner' && isLastOwner) ? adHocRoles : [],
  }
}

async function requireGroup(ctx: Context, { user }: Account, id: string): Promise<AdHocGroup> {
  const group = await findGroupOf(ctx.db, id, user.userId)
  if (group === undefined) throw notFound()
  return group
}

async function modelOf(ctx: Context, request: FastifyRequest, kit: AccountKit, account: Account, group: AdHocGroup, more: Pick<AccountGroupModel, 'link' | 'done'>): Promise<AccountGroupModel> {
  const { groupId, role } = group
  const after = anyQueryForm(request).single.get('after')
  const [found, isLastOwner, invitations] = await Promise.all([listMembers(ctx.db, groupId, { after, limit: ROWS + 1 }), hasOneOwner(ctx.db, groupId), role === 'member' ? [] : listInvitations(ctx.db, groupId)])
  const members = found.slice(0, ROWS)
  const last = members.at(-1)
  const base = `${GROUPS}/${groupId}`
  return {
    frame: kit.frame(request, account, NAME),
    group,
    members: members.map((member) => memberRow(group, member, account.user.userId, isLastOwner)),
    invitations: invitations.map((one) => ({ id: one.invitationId, role: one.role, until: one.expiresAt, revocable: role === 'owner' || one.role === 'member' })),
    inviteRoles: role === 'owner' ? ['member', 'admin'] : role === 'admin' ? ['member'] : [],
    ...more,
    nextHref: found.length > ROWS && last !== undefined ? `${base}?${new URLSearchParams({ after: last.userId })}` : undefined,
    action: base,
    csrf: kit.token(account, base),
    leaveHref: role === 'owner' && isLastOwner ? undefined : `${base}/leave`,
    deleteHref: role === 'owner' ? `${base}/delete` : undefined,
    backHref: GROUPS,
  }
}

/** What an owner or admin does on the page of a group: gives the word for what came of it, or a link. */
async function act(ctx: Context, { user: { userId } }: Account, { groupId }: AdHocGroup, { single }: Form): Promise<Pick<AccountGroupModel, 'link' | 'done'>> {
  const note = (change: string): void => ctx.audit.record({ event: 'group.changed', userId, groupId, change })
  const role = adHocRoles.find((one) => one === single.get('role'))
  switch (single.get('do')) {
    case 'invite': {
      const token = role === undefined || role === 'owner' ? undefined : await createInvitation(ctx, groupId, userId, role)
      if (token === undefined) return { done: 'refused' }
      note('link made')
      return { link: joinAddress(ctx, token) }
    }
    case 'revoke':
      if (!(await revokeInvitation(ctx.db, groupId, single.get('invitation') ?? '', userId))) return { done: 'refused' }
      note('link revoked')
      return { done: 'revoked' }
    case 'role':
      if (role === undefined || !(await setMemberRole(ctx, groupId, userId, single.get('member') ?? '', role))) return { done: 'refused' }
      note(`role ${role}`)
      return { done: 'role' }
    default:
      return { done: 'refused' }
  }
}

type Change = 'leave' | 'delete' | 'remove'

async function change(ctx: Context, what: Change, { user: { userId } }: Account, groupId: string, memberId: string): Promise<string> {
  const done = what === 'leave' ? await leaveGroup(ctx, groupId, userId) : what === 'delete' ? await deleteGroup(ctx, groupId, userId) : await removeMember(ctx, groupId, userId, memberId)
  if (!done) return `${GROUPS}/${groupId}?done=${what === 'leave' ? 'last' : 'refused'}`
  ctx.audit.record({ event: 'group.changed', userId, groupId, change: { leave: 'left', delete: 'deleted', remove: 'member removed' }[what] })
  return what === 'remove' ? `${GROUPS}/${groupId}?done=removed` : `${GROUPS}?done=${what === 'leave' ? 'left' : 'deleted'}`
}

/** The question before somebody goes, or the group does, and the answer. */
function confirmPages(app: FastifyInstance, ctx: Context, kit: AccountKit, what: Change): void {
  const path = `${GROUPS}/:id/${what}${what === 'remove' ? '/:member' : ''}`
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const { id, member = '' } = request.params as { readonly id: string; readonly member?: string }
    const group = await requireGroup(ctx, account, id)
    const action = `${GROUPS}/${group.groupId}/${what}${what === 'remove' ? `/${encodeURIComponent(member)}` : ''}`
    if (request.method === 'POST') {
      kit.ownForm(request, account, action)
      return goTo(reply, await change(ctx, what, account, group.groupId, member))
    }
    const person = what === 'remove' ? await findMember(ctx.db, group.groupId, member) : undefined
    if (what === 'remove' && person === undefined) throw notFound()
    return page(reply, request, 'account-group-confirm', { frame: kit.frame(request, account, NAME), what, group: group.name, person: person === undefined ? '' : nameOf(person), action, csrf: kit.token(account, action), backHref: `${GROUPS}/${group.groupId}` })
  }
  app.get(path, handle)
  app.post(path, handle)
}

export function groupPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get<Named>(`${GROUPS}/:id`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const done = DONE.find((one) => one === queryForm(request).single.get('done'))
    const model = await modelOf(ctx, request, kit, account, await requireGroup(ctx, account, request.params.id), { done })
    return page(reply, request, 'account-group', model, { status: done === 'last' || done === 'refused' ? 409 : 200 })
  })

  app.post<Named>(`${GROUPS}/:id`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const group = await requireGroup(ctx, account, request.params.id)
    const form = kit.ownForm(request, account, `${GROUPS}/${group.groupId}`)
    const came = await act(ctx, account, group, form)
    // A link is on no page that a reload could bring back: it is kept nowhere.
    return came.link === undefined ? goTo(reply, `${GROUPS}/${group.groupId}?done=${came.done}`) : page(reply, request, 'account-group', await modelOf(ctx, request, kit, account, group, came))
  })

  for (const what of ['leave', 'delete', 'remove'] as const) confirmPages(app, ctx, kit, what)
}
