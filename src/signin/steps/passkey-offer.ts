import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { page, requestLocale } from '../../http/pages.ts'
import type { Session } from '../../sessions/session.ts'
import { interactionRequired } from '../../protocol/error.ts'
import { listPasskeys } from '../../users/passkeys.ts'
import { defaultPasskeyName } from '../../users/passkey-name.ts'
import { replaceRecoveryCodes } from '../../users/recovery-codes.ts'
import { registrationOptions, takeRegistration } from '../../users/webauthn.ts'
import { chosenAccount } from '../chosen-account.ts'
import { type Account, type Journey, nameOf } from '../journey.ts'
import { updateProgress } from '../store.ts'
import { tellOfFactor } from '../tell-of-factor.ts'
import { lift } from './sign-in.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// A passkey is offered once in ninety days, after a password on a device that can make one, and never in the way: "not now" goes on
// (pages.md K-06). Whether that is now was decided, and counted, at the sign-in (login.ts).

const NAME = 'passkey-offer'

const RECENT_SECONDS = 600

interface Offered extends Account {
  readonly session: Session
}

/** Whom a passkey is offered; nothing when the offer was answered, somebody else goes on, or the sign-in is no longer a recent one (security.md rule 27). */
function offeredTo({ progress, now }: Journey, account: Account | undefined): Offered | undefined {
  const session = account?.session
  if (account === undefined || session === undefined || progress.passkeyOffer !== account.user.userId) return undefined
  return now - session.authTime <= RECENT_SECONDS ? { ...account, session } : undefined
}

function subject(visit: Visit, { user }: Account): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${user.userId}`
}

export const passkeyOffer: Step = {
  name: NAME,
  reason: (journey) => {
    const offered = offeredTo(journey, chosenAccount(journey))
    return offered === undefined ? undefined : { name: 'passkey_offered', silently: () => interactionRequired('A passkey is offered') }
  },
  pages: (app: FastifyInstance, ctx: Context, rails: Rails) => {
    app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
      const visit = await rails.visit(request, reply)
      if (!isVisit(visit)) return visit
      const account = offeredTo(visit.journey, chosenAccount(visit.journey))
      if (account === undefined) return rails.proceed(request, reply, visit, {})
      const { uiLocales } = visit.journey.request
      const model = { clientName: nameOf(visit.journey, requestLocale(request, uiLocales)), action: rails.path(visit, NAME), csrf: formToken(ctx, subject(visit, account)), optionsHref: rails.path(visit, 'passkey-offer-options') }
      return page(reply, request, NAME, model, { uiLocales })
    })

    app.get<{ Params: { id: string } }>('/signin/:id/passkey-offer-options', async (request, reply) => {
      const visit = await rails.visit(request, reply)
      if (!isVisit(visit)) return visit
      const account = offeredTo(visit.journey, chosenAccount(visit.journey))
      if (account === undefined) return reply.code(404).send({})
      const known = await listPasskeys(ctx, account.user.userId)
      return reply.header('cache-control', 'no-store').send(await registrationOptions(ctx, subject(visit, account), account.user, known))
    })

    app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
      const visit = await rails.visit(request, reply)
      if (!isVisit(visit)) return visit
      const account = offeredTo(visit.journey, chosenAccount(visit.journey))
      if (account === undefined) return rails.proceed(request, reply, visit, {})
      const form = bodyForm(request)
      requireOwnForm(ctx, request, form, subject(visit, account))
      const credential = form.single.get('credential')
      const { userId } = account.user
      const made = credential === undefined ? undefined : await takeRegistration(ctx, credential, subject(visit, account), userId, defaultPasskeyName(ctx))
      if (made === undefined) return rails.proceed(request, reply, visit, { passkeyOffer: null })
      ctx.audit.record({ event: 'factor.changed', userId, change: 'passkey added' })
      const { uiLocales } = visit.journey.request
      await tellOfFactor(ctx, account.user, 'factor-added', requestLocale(request, uiLocales))
      await updateProgress(ctx, visit.interaction.id, { passkeyOffer: null })
      await lift(ctx, reply, visit, account.session, false, made.amr)
      // From now on the passkey is asked for after a password: here is what helps on the day it is lost.
      return page(reply, request, 'recovery-codes', { codes: await replaceRecoveryCodes(ctx, userId), continueHref: `/signin/${visit.interaction.id}`, clientName: nameOf(visit.journey, requestLocale(request, uiLocales)) }, { uiLocales })
    })
  },
}
