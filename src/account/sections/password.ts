import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { sha256 } from '../../lib/digest.ts'
import { PasswordsBusy } from '../../lib/password.ts'
import { askForAddress, changePassword, confirmAddress } from '../../signin/own-credentials.ts'
import { findAddressChange } from '../../users/address-changes.ts'
import { SHORTEST_PASSWORD } from '../../users/password-rules.ts'
import { type Account, type AccountKit, isAccount, type Section } from '../section.ts'

// The password and the e-mail address of an account that is kept here: whoever has either can get in. An institution's people have both there.

const NAME = 'password'
const PATH = '/account/password'
const EMAIL = '/account/email'
const CONFIRM = `${EMAIL}/confirm`
const WHY = 'account.again.password'
const DONE = ['password', 'sent'] as const
const PASSWORD_PROBLEMS = ['too-short', 'too-long', 'common', 'about-you', 'busy'] as const
const EMAIL_PROBLEMS = ['not-an-address', 'throttled'] as const

function ownPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(PATH, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    const { user } = account
    const { single } = queryForm(request)
    const [problem, emailProblem] = [PASSWORD_PROBLEMS.find((one) => one === single.get('problem')), EMAIL_PROBLEMS.find((one) => one === single.get('email'))]
    const isLocal = user.username !== undefined
    const model = {
      frame: kit.frame(request, account, NAME),
      csrf: kit.token(account, NAME),
      action: PATH,
      emailAction: isLocal && ctx.mail.isOffered ? EMAIL : undefined,
      username: user.username,
      address: user.claims.email,
      isConfirmed: user.claims.email_verified === true,
      shortest: SHORTEST_PASSWORD,
      problem,
      emailProblem,
      done: DONE.find((one) => one === single.get('done')),
    }
    const isBusy = problem === 'busy' || emailProblem === 'throttled'
    return page(reply, request, 'account-password', model, { status: isBusy ? 429 : problem !== undefined || emailProblem !== undefined ? 400 : 200 })
  })

  const form = (path: string, act: (account: Account, request: FastifyRequest) => Promise<string>): void => {
    app.post(path, async (request, reply) => {
      const account = await kit.requireAccount(request, reply, { recent: WHY })
      if (!isAccount(account)) return account
      kit.ownForm(request, account, NAME)
      return goTo(reply, account.user.username === undefined ? PATH : `${PATH}?${await act(account, request)}`)
    })
  }
  app.get(EMAIL, async (_request, reply) => goTo(reply, PATH))
  form(PATH, async ({ user, session }, request) => {
    try {
      const fault = await changePassword(ctx, user, session.sessionId, bodyForm(request).single.get('password') ?? '', requestLocale(request))
      return fault === undefined ? 'done=password' : `problem=${fault}`
    } catch (error) {
      if (error instanceof PasswordsBusy) return 'problem=busy'
      throw error
    }
  })
  form(EMAIL, async ({ user }, request) => {
    const fault = ctx.mail.isOffered ? await askForAddress(ctx, user, (bodyForm(request).single.get('email') ?? '').trim(), request.ip, requestLocale(request), `${ctx.config.issuer}${CONFIRM}`) : 'throttled'
    return fault === undefined ? 'done=sent' : `email=${fault}`
  })
}

function subject(token: string): string {
  return `address/${sha256(token).toString('base64url')}`
}

/** The page of the mailed link: in whatever browser, signed in or not, and looking at it changes nothing. */
function confirmPages(app: FastifyInstance, ctx: Context): void {
  const show = (request: FastifyRequest, reply: FastifyReply, state: 'over' | 'done'): FastifyReply => page(reply, request, 'address-confirm', { state }, { status: state === 'over' ? 410 : 200 })

  app.get(`${CONFIRM}/done`, async (request, reply) => show(request, reply, 'done'))

  app.get<{ Params: { token: string } }>(`${CONFIRM}/:token`, async (request, reply) => {
    const { token } = request.params
    const change = await findAddressChange(ctx, token)
    return change === undefined ? show(request, reply, 'over') : page(reply, request, 'address-confirm', { state: 'ask', address: change.address, action: `${CONFIRM}/${token}`, csrf: formToken(ctx, subject(token)) })
  })

  app.post<{ Params: { token: string } }>(`${CONFIRM}/:token`, async (request, reply) => {
    const { token } = request.params
    requireOwnForm(ctx, request, bodyForm(request), subject(token))
    return (await confirmAddress(ctx, token, requestLocale(request))) ? goTo(reply, `${CONFIRM}/done`) : show(request, reply, 'over')
  })
}

export const password: Section = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    ownPages(app, ctx, kit)
    confirmPages(app, ctx)
  },
}
