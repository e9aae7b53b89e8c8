import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { page } from '../http/pages.ts'
import { factorsOf } from '../signin/factors-of.ts'
import { typedCode } from '../signin/factors/typed-code.ts'
import { displayName } from '../users/user.ts'
import { confirmEnrolment, totpEnrolment } from '../users/totp-enrolment.ts'
import { afterAdding, TWO_STEP, WHY } from './factor-changes.ts'
import { type Account, type AccountKit, isAccount } from './section.ts'

// An authenticator app is set up, or another one in its place (pages.md M-06).

const NAME = 'two-step'
const PATH = `${TWO_STEP}/app`

function subject({ user, browserId }: Account): string {
  return `account/${browserId}/${user.userId}`
}

function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: AccountKit, account: Account, sealed?: string): FastifyReply {
  const { user } = account
  const label = user.claims.email ?? user.username ?? displayName(user)
  const wrong = sealed !== undefined
  const model = { frame: kit.frame(request, account, NAME), ...totpEnrolment(ctx, subject(account), label, sealed), action: PATH, csrf: kit.token(account, PATH), wrong, backHref: TWO_STEP }
  return page(reply, request, 'account-app', model, { status: wrong ? 401 : 200 })
}

export function appPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(PATH, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    return isAccount(account) ? show(ctx, request, reply, kit, account) : account
  })

  app.post(PATH, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    const form = kit.ownForm(request, account, PATH)
    const { user } = account
    const sealed = form.single.get('secret') ?? ''
    const isFirst = (await factorsOf(ctx, user)).length === 0
    if (!(await confirmEnrolment(ctx, subject(account), user.userId, sealed, typedCode(form)))) return show(ctx, request, reply, kit, account, sealed)
    return afterAdding(ctx, request, reply, account, 'totp', ['otp'], isFirst)
  })
}
