import type { FastifyInstance } from 'fastify'
import { documentHost } from '../../clients/client.ts'
import { createConsent } from '../../consents/objects.ts'
import type { Context } from '../../context.ts'
import { inTransaction } from '../../database/transaction.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { type Locale, localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import type { ConsentModel } from '../../http/views.ts'
import { findOrganization } from '../../organizations/store.ts'
import { accessDenied, consentRequired } from '../../protocol/error.ts'
import { redirectOrigin } from '../../protocol/redirect-uri.ts'
import { saveConsent } from '../../users/consents.ts'
import { displayName, type User } from '../../users/user.ts'
import { chosenAccount } from '../chosen-account.ts'
import { detailItems } from '../detail-items.ts'
import { askedScopes, hasUndecidedDetails, isLimited, isOptional, undecidedScopes } from '../granted-scopes.ts'
import { insecureRedirect } from '../insecure-redirect.ts'
import { type Journey, nameOf } from '../journey.ts'
import { scopeItem } from '../scope-items.ts'
import type { Progress } from '../store.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// The authorization grant page: who asks for what, and what the person lets them have.

const NAME = 'consent'

/** What stands on the page: everything with `prompt=consent`, else only what is new. */
function asked(journey: Journey): readonly string[] {
  return journey.request.prompt.includes('consent') ? askedScopes(journey) : undecidedScopes(journey)
}

function subject(visit: Visit, user: User): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${user.userId}`
}

/** The host the person returns to; nothing for this computer or an app of it, which the page says in words. */
function shownOrigin(journey: Journey): string | undefined {
  const origin = redirectOrigin(journey.request.redirectUri)
  return insecureRedirect(journey)?.loopback === true || !origin.startsWith('http') ? undefined : origin
}

async function consentModel(ctx: Context, rails: Rails, visit: Visit, user: User, language: Locale): Promise<ConsentModel> {
  const { journey } = visit
  const { metadata, clientId } = journey.client
  const wanted = asked(journey)
  const items = await Promise.all(wanted.map((scope) => scopeItem(ctx, scope, user, language)))
  const already = askedScopes(journey).filter((scope) => !wanted.includes(scope) && journey.consent.granted.includes(scope))
  const owner = await findOrganization(ctx, metadata.organization)
  const offline = journey.request.scopes.includes('offline_access')
  return {
    clientName: nameOf(journey, language),
    clientId,
    describedAt: documentHost(journey.client),
    insecure: insecureRedirect(journey),
    action: rails.path(visit, NAME),
    csrf: formToken(ctx, subject(visit, user)),
    person: { name: displayName(user), address: user.claims.email ?? user.username },
    owner: owner && localized(owner.name, language),
    verified: owner !== undefined,
    redirectOrigin: journey.request.decoupled === undefined ? shownOrigin(journey) : undefined,
    items: items.filter((item) => !isOptional(journey, item.scope)),
    optional: items.filter((item) => isOptional(journey, item.scope)).map((item) => ({ ...item, checked: journey.consent.granted.includes(item.scope) })),
    authorizationDetails: await detailItems(ctx, journey.request.authorizationDetails ?? [], language),
    already: await Promise.all(already.map((scope) => scopeItem(ctx, scope, user, language))),
    duration: offline ? { kind: 'offline' } : { kind: 'until-removed' },
    switchHref: rails.path(visit, 'switch'),
    rawScopes: journey.request.scopes,
    removedOn: journey.consent.removedAt,
    logoUri: metadata.logo_uri,
    policyUri: metadata.policy_uri,
    tosUri: metadata.tos_uri,
  }
}

/** The boxes that were ticked, among those that were shown. `optional_scope` stands once a ticked box. */
function ticked(raw: ReadonlySet<string>, journey: Journey): readonly string[] {
  return asked(journey).filter((scope) => isOptional(journey, scope) && raw.has(scope))
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
    await saveConsent(ctx, trx, userId, client.key, { granted: lasting(granted), declined: lasting(declined), ...(authorizationDetails && { authorizationDetails }) })
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
    const model = await consentModel(ctx, rails, visit, user, requestLocale(request, uiLocales))
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
    const granted = asked(journey).filter((scope) => !isOptional(journey, scope) || chosen.includes(scope))
    const declined = asked(journey).filter((scope) => !granted.includes(scope))
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
    const silently = () => consentRequired('The person must be asked')
    if (journey.request.prompt.includes('consent')) return { name: 'prompt_consent', silently }
    // What was taken back is asked for in full, also where the operator implies the answer.
    if (journey.consent.removedAt !== undefined) return { name: 'was_removed', silently }
    // What is for once, or for so many days, is asked for each time, whoever answers for the rest.
    if (journey.request.singleUse === true || journey.request.limited !== undefined) return { name: 'single_use', silently }
    if (journey.client.metadata.consent === 'implied') return undefined
    if (hasUndecidedDetails(journey)) return { name: 'new_details', silently }
    return undecidedScopes(journey).length > 0 ? { name: 'new_scopes', silently } : undefined
  },
  pages,
}
