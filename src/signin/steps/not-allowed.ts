import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import type { NotAllowedModel } from '../../http/consent-views.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { type Locale, localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { mayBeUsed } from '../../organizations/client-standing.ts'
import { hasWished, noteWish, type Wish } from '../../organizations/client-wishes.ts'
import type { Organization } from '../../organizations/organization.ts'
import { accessDenied, interactionRequired } from '../../protocol/error.ts'
import { displayName, type User } from '../../users/user.ts'
import { chosenAccount } from '../chosen-account.ts'
import { institutionStanding } from '../institution.ts'
import { type Journey, nameOf } from '../journey.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// The page for somebody whose institution does not let them use the application (pages.md S-14): it says so, names whom to ask, and sends
// the question for them. The client hears a refusal only when the person goes back to it.

const NAME = 'not-allowed'
const LETTER_SECONDS = 3 * 86_400

interface Barred {
  readonly why: NotAllowedModel['why']
  readonly institution: Organization
  readonly user: User
}

function barredFrom(journey: Journey): Barred | undefined {
  const account = chosenAccount(journey)
  const { institution } = journey
  const why = institutionStanding(journey)
  if (account?.session === undefined || institution === undefined || why === undefined || mayBeUsed(why)) return undefined
  return { why: why as Barred['why'], institution, user: account.user }
}

function subject(visit: Visit, { user }: Barred): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${user.userId}`
}

function wishOf({ journey }: Visit, { institution, user }: Barred): Wish {
  return { organizationId: institution.organization_id, clientKey: journey.client.key, userId: user.userId }
}

/** Only where somebody reads it. */
function canAsk(ctx: Context, { institution }: Barred): boolean {
  return ctx.mail.isOffered && institution.contact?.email !== undefined
}

function contactOf({ contact }: Organization, language: Locale): NotAllowedModel['contact'] {
  if (contact === undefined) return undefined
  const { name, email, url } = contact
  return { name: name === undefined ? (email ?? url) : localized(name, language), href: url ?? (email === undefined ? undefined : `mailto:${email}`) }
}

/** One letter, whoever presses how often. */
async function ask(ctx: Context, visit: Visit, barred: Barred, language: Locale): Promise<void> {
  const { institution, user } = barred
  if (!canAsk(ctx, barred) || !(await noteWish(ctx, wishOf(visit, barred)))) return
  const person = user.claims.email === undefined ? displayName(user) : `${displayName(user)} (${user.claims.email})`
  await ctx.mail.send({ kind: 'client-wanted', to: institution.contact?.email, language, values: { person, client: nameOf(visit.journey, language), id: visit.journey.client.clientId, institution: localized(institution.name, language) }, expiresInSeconds: LETTER_SECONDS })
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { journey } = visit
    const barred = barredFrom(journey)
    if (barred === undefined) return rails.proceed(request, reply, visit, {})
    const { uiLocales } = journey.request
    const language = requestLocale(request, uiLocales)
    const { why, institution } = barred
    const model: NotAllowedModel = {
      clientName: nameOf(journey, language),
      action: rails.path(visit, NAME),
      csrf: formToken(ctx, subject(visit, barred)),
      why,
      institution: localized(institution.name, language),
      age: institution.mandatory_clients_only_below,
      contact: contactOf(institution, language),
      canAsk: canAsk(ctx, barred),
      asked: await hasWished(ctx, wishOf(visit, barred)),
      switchHref: rails.path(visit, 'switch'),
    }
    return page(reply, request, NAME, model, { uiLocales, status: 403 })
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const barred = barredFrom(visit.journey)
    if (barred === undefined) return rails.proceed(request, reply, visit, {})
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, barred))
    if (form.single.get('decision') !== 'ask') return rails.refuse(request, reply, visit, accessDenied('The institution of the person does not let them use this application', { reason: 'client_not_allowed' }))
    await ask(ctx, visit, barred, requestLocale(request, visit.journey.request.uiLocales))
    return goTo(reply, rails.path(visit, NAME))
  })
}

export const notAllowed: Step = {
  name: NAME,
  reason: (journey) => {
    const barred = barredFrom(journey)
    return barred && { name: barred.why, silently: () => interactionRequired('The institution of the person does not let them use this application') }
  },
  pages,
}
