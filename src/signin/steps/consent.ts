import type { FastifyInstance } from 'fastify'
import { createConsent } from '../../consents/objects.ts'
import type { Context } from '../../context.ts'
import { inTransaction } from '../../database/transaction.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { accessDenied, consentRequired } from '../../protocol/error.ts'
import { saveConsent } from '../../users/consents.ts'
import type { User } from '../../users/user.ts'
import { chosenAccount } from '../chosen-account.ts'
import { askedNow, consentModel, receivedOf } from '../consent-model.ts'
import { hasTakenBack, hasUndecidedDetails, isLimited, isOptional, undecidedScopes } from '../granted-scopes.ts'
import { isAssumed } from '../institution.ts'
import type { Journey } from '../journey.ts'
import type { Progress } from '../store.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// The authorization grant page: who asks for what, and what the person lets them have.

const NAME = 'consent'

function subject(visit: Visit, user: User): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${user.userId}`
}

/** The boxes that were ticked, among those that were shown. `optional_scope` stands once a ticked box. */
function ticked(raw: ReadonlySet<string>, journey: Journey): readonly string[] {
  return askedNow(journey).filter((scope) => isOptional(journey, scope) && raw.has(scope))
}

interface Decision {
  readonly granted: readonly string[]
  readonly declined: readonly string[]
}

/** Keeps the decision; what has an end becomes a consent of its own, in the same transaction. */
async function keepDecision(ctx: Context, { interaction, journey }: Visit, userId: string, { granted, declined }: Decision): Promise<Progress> {
  const { client, request } = journey
  const { authorizationDetails, limited } = request
  const lasting = (scopes: readonly string[]): readonly string[] => scopes.filter((scope) => !isLimited(journey, scope))
  const scopes = limited === undefined ? [] : limited.scopes.filter((scope) => granted.includes(scope))
  const made = await inTransaction(ctx.db, async (trx) => {
    await saveConsent(ctx, trx, userId, client.key, { granted: lasting(granted), declined: lasting(declined), received: receivedOf(journey, granted), ...(authorizationDetails && { authorizationDetails }) })
    if (limited === undefined || scopes.length === 0) return undefined
    const purpose = limited.purpose.filter((_, i) => granted.includes(limited.scopes[i] ?? ''))
    return createConsent(ctx, trx, { userId, clientKey: client.key, requestId: interaction.id, terms: { ...limited, scopes, purpose } })
  })
  return { consented: userId, agreed: made === undefined ? null : { userId, consentId: made.consentId, until: Math.floor(made.expiresAt.getTime() / 1000), scopes: made.scopes } }
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const account = chosenAccount(visit.journey)
    const user = account?.session === undefined ? undefined : account.user
    if (user === undefined || consent.reason(visit.journey) === undefined) return rails.proceed(request, reply, visit, {})
    const { uiLocales } = visit.journey.request
    const form = { action: rails.path(visit, NAME), csrf: formToken(ctx, subject(visit, user)), switchHref: rails.path(visit, 'switch') }
    const model = await consentModel(ctx, visit.journey, user, requestLocale(request, uiLocales), form)
    return page(reply, request, 'consent', model, { uiLocales, imageSource: model.logoUri })
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { journey } = visit
    const user = chosenAccount(journey)?.user
    // Signed out in another tab meanwhile: whatever comes first now.
    if (user === undefined || chosenAccount(journey)?.session === undefined) return rails.proceed(request, reply, visit, {})
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, user))
    const { clientId } = journey.client
    const decision = form.single.get('decision')
    ctx.metrics.consents.inc({ decision: decision === 'allow' ? 'allow' : 'deny' })
    if (decision !== 'allow') {
      ctx.audit.record({ event: 'consent.denied', userId: user.userId, clientId })
      return rails.refuse(request, reply, visit, accessDenied('The person did not allow it', { reason: 'consent_denied' }))
    }
    const chosen = ticked(new Set(form.repeatable.get('optional_scope') ?? []), journey)
    const granted = askedNow(journey).filter((scope) => !isOptional(journey, scope) || chosen.includes(scope))
    const declined = askedNow(journey).filter((scope) => !granted.includes(scope))
    const progress = await keepDecision(ctx, visit, user.userId, { granted, declined })
    ctx.audit.record({ event: 'consent.granted', userId: user.userId, clientId, scope: granted.join(' ') })
    return rails.proceed(request, reply, visit, progress)
  })

  app.get<{ Params: { id: string } }>('/signin/:id/switch', async (request, reply) => {
    const visit = await rails.visit(request, reply)
    return isVisit(visit) ? reply.redirect(rails.path(visit, visit.journey.accounts.length > 0 ? 'chooser' : 'discovery'), 303) : visit
  })
}

export const consent: Step = {
  name: NAME,
  reason: (journey) => {
    const account = chosenAccount(journey)
    if (account === undefined || journey.progress.consented === account.user.userId) return undefined
    const silently = () => consentRequired('The person must be asked', { trace: { cause: 'consent.required', compared: [{ name: 'scope', sent: journey.request.scopes.join(' ') }, { name: 'prompt', sent: 'none' }] } })
    if (journey.request.prompt.includes('consent')) return { name: 'prompt_consent', silently }
    // What was taken back is asked for in full, also where nobody is asked otherwise.
    if (journey.consent.removedAt !== undefined) return { name: 'was_removed', silently }
    // What is for once, or for so many days, is asked for each time, whoever answers for the rest.
    if (journey.request.singleUse === true || journey.request.limited !== undefined) return { name: 'single_use', silently }
    if (hasTakenBack(journey)) return { name: 'was_taken_back', silently }
    if (isAssumed(journey)) return undefined
    if (hasUndecidedDetails(journey)) return { name: 'new_details', silently }
    return undecidedScopes(journey).length > 0 ? { name: 'new_scopes', silently } : undefined
  },
  pages,
}
