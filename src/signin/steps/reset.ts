import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import type { PasswordProblem } from '../../http/recovery-views.ts'
import { sha256 } from '../../lib/digest.ts'
import { SHORTEST_PASSWORD } from '../../users/password-rules.ts'
import { findResetLink, type ResetLink } from '../../users/reset-links.ts'
import { displayName } from '../../users/user.ts'
import { readBrowser } from '../browser.ts'
import { openReset, RESET_PATH, resetPassword } from '../recovery.ts'
import { findInteraction } from '../store.ts'

// The page that a mailed link opens, in whatever browser mails are read in. Looking at it changes nothing (mail scanners open every link);
// its form spends the link. The secret has to be in the address; it works once, for twenty minutes, and no log has addresses with secrets:
// ours has route patterns only, and the pages send no referrer to anybody else.

const PROBLEMS: readonly PasswordProblem[] = ['too-short', 'too-long', 'common', 'about-you', 'busy']
const DONE = `${RESET_PATH}/done`

function subject(token: string): string {
  return `reset/${sha256(token).toString('base64url')}`
}

/** The sign-in of the journey that a link came from, for the browser that is on it. Any other gets no address of it. */
async function wayOn(ctx: Context, request: FastifyRequest, interactionId: string | undefined): Promise<string | undefined> {
  const interaction = interactionId === undefined ? undefined : await findInteraction(ctx, interactionId)
  const { browserId } = await readBrowser(ctx, request)
  return interaction !== undefined && browserId === interaction.browserId && !interaction.isAnswered ? `/signin/${interaction.id}` : undefined
}

function over(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return page(reply, request, 'reset-over', {}, { status: 410 })
}

async function done(ctx: Context, request: FastifyRequest, reply: FastifyReply, link: ResetLink): Promise<FastifyReply> {
  const journey = await wayOn(ctx, request, link.interactionId)
  const query = journey === undefined ? '' : `?${new URLSearchParams({ journey: journey.split('/')[2] ?? '', provider: link.providerId })}`
  return goTo(reply, DONE + query)
}

/** The pages of mailed links; they stand outside of any journey. */
export function resetPages(app: FastifyInstance, ctx: Context): void {
  // Its own address, so that a reload spends nothing twice.
  app.get(DONE, async (request, reply) => {
    const { single } = queryForm(request)
    const journey = await wayOn(ctx, request, single.get('journey'))
    const continueHref = journey === undefined ? undefined : `${journey}/login?${new URLSearchParams({ provider: single.get('provider') ?? '' })}`
    return page(reply, request, 'reset-done', { continueHref })
  })

  app.get<{ Params: { token: string } }>(`${RESET_PATH}/:token`, async (request, reply) => {
    const { token } = request.params
    const open = await openReset(ctx, token)
    if (open === undefined) return over(request, reply)
    const asked = queryForm(request).single.get('problem')
    const problem = PROBLEMS.find((one) => one === asked)
    const model = { action: `${RESET_PATH}/${token}`, csrf: formToken(ctx, subject(token)), username: open.user.username ?? displayName(open.user), shortest: SHORTEST_PASSWORD, problem }
    return page(reply, request, 'reset', model, { status: problem === undefined ? 200 : problem === 'busy' ? 429 : 400 })
  })

  app.post<{ Params: { token: string } }>(`${RESET_PATH}/:token`, async (request, reply) => {
    const { token } = request.params
    // Read before it is spent: what it is worth is told to nobody who has no form of ours.
    if ((await findResetLink(ctx.db, token)) === undefined) return over(request, reply)
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(token))
    const result = await resetPassword(ctx, token, form.single.get('password') ?? '', requestLocale(request))
    if (result === undefined) return over(request, reply)
    return typeof result === 'string' ? goTo(reply, `${RESET_PATH}/${token}?problem=${result}`) : done(ctx, request, reply, result.link)
  })
}
