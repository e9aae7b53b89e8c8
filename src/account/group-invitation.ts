import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { findGroupOf } from '../groups/ad-hoc.ts'
import { acceptInvitation, findEntered, findInvitation, type Invitation } from '../groups/invitations.ts'
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

function joinedAddress(groupId: string): string {
  return `${GROUPS}/${groupId}?done=joined`
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
    const { token } = request.params
    // Whoever is in already keeps the link for somebody else.
    const entered = await findEntered(ctx.db, token, account.user.userId)
    return entered === undefined ? show(ctx, request, reply, kit, account, token, await findInvitation(ctx.db, token)) : goTo(reply, joinedAddress(entered))
  })

  app.post<Named>(`${JOIN}/:token`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const { token } = request.params
    kit.ownForm(request, account, formOf(token))
    const { userId } = account.user
    const groupId = await acceptInvitation(ctx.db, token, userId)
    if (groupId !== undefined) {
      ctx.audit.record({ event: 'group.changed', userId, groupId, change: 'joined' })
      return goTo(reply, joinedAddress(groupId))
    }
    // The form was sent twice: the second time leads where the first one did.
    const entered = await findEntered(ctx.db, token, userId)
    return entered === undefined ? show(ctx, request, reply, kit, account, token, undefined) : goTo(reply, joinedAddress(entered))
  })
}
