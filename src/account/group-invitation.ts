import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { findGroupOf } from '../groups/ad-hoc.ts'
import { acceptInvitation, findInvitation, type Invitation } from '../groups/invitations.ts'
import { goTo } from '../http/leave.ts'
import { page } from '../http/pages.ts'
import { sha256 } from '../lib/digest.ts'
import { findUser } from '../users/store.ts'
import { displayName } from '../users/user.ts'
import { GROUPS } from './group-pages.ts'
import { type Account, type AccountKit, isAccount } from './section.ts'

// The page that a link into a group opens. Looking at it changes nothing (programs that read mails open links); its form spends the link. The
// secret has to be in the address; it works once, for seven days, and no log has addresses with secrets.

const NAME = 'groups'
const JOIN = `${GROUPS}/join`

interface Named {
  Params: { token: string }
}

function formOf(token: string): string {
  return `${JOIN}/${sha256(token).toString('base64url')}`
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: AccountKit, account: Account, token: string, found: Invitation | undefined): Promise<FastifyReply> {
  const frame = kit.frame(request, account, NAME)
  const [group, host] = found === undefined ? [] : await Promise.all([findGroupOf(ctx.db, found.groupId, found.invitedBy), findUser(ctx.db, found.invitedBy)])
  if (found === undefined || group === undefined || host === undefined) return page(reply, request, 'account-group-join', { frame, action: '', csrf: '', backHref: GROUPS }, { status: 410 })
  const invitation = { group: group.name, description: group.description, person: displayName(host), role: found.role, until: found.expiresAt }
  return page(reply, request, 'account-group-join', { frame, invitation, action: `${JOIN}/${token}`, csrf: kit.token(account, formOf(token)), backHref: GROUPS })
}

export function invitationPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get<Named>(`${JOIN}/:token`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const found = await findInvitation(ctx.db, request.params.token)
    // Whoever is in already keeps the link for somebody else.
    if (found !== undefined && (await findGroupOf(ctx.db, found.groupId, account.user.userId)) !== undefined) return goTo(reply, `${GROUPS}/${found.groupId}?done=joined`)
    return show(ctx, request, reply, kit, account, request.params.token, found)
  })

  app.post<Named>(`${JOIN}/:token`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const { token } = request.params
    kit.ownForm(request, account, formOf(token))
    const { userId } = account.user
    const groupId = await acceptInvitation(ctx.db, token, userId)
    if (groupId === undefined) return show(ctx, request, reply, kit, account, token, undefined)
    ctx.audit.record({ event: 'group.changed', userId, groupId, change: 'joined' })
    return goTo(reply, `${GROUPS}/${groupId}?done=joined`)
  })
}
