import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import type { Person } from '../../http/views.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { findAcceptedProvider } from '../../upstream/store.ts'
import { findUser } from '../../users/store.ts'
import { displayName, type User } from '../../users/user.ts'
import { chosenAccount } from '../chosen-account.ts'
import { nameOf } from '../journey.ts'
import { type Progress, updateProgress } from '../store.ts'
import { signIn } from './sign-in.ts'
import { AFTER_FORM, isVisit, type Rails, type Visit } from './step.ts'

// Somebody else came back from the provider than the account that was chosen (a second account is signed in there). Nobody is signed in
// here until the person has said which of the two it is to be: taking the one or the other silently would show the wrong person's data.

const NAME = 'unexpected'

type Arrived = NonNullable<Progress['arrived']>

/** Keeps who came back and asks. */
export async function noteArrival(ctx: Context, reply: FastifyReply, rails: Rails, visit: Visit, arrived: Arrived): Promise<FastifyReply> {
  await updateProgress(ctx, visit.interaction.id, { arrived, trouble: null })
  return goTo(reply, rails.path(visit, NAME))
}

interface Question {
  readonly arrived: Arrived
  readonly user: User
  readonly chosen: User
  readonly facts: ProviderFacts
}

/** What is to be decided; nothing when it has been, or when one of the two may not be any more. */
async function questionOf(ctx: Context, { journey }: Visit): Promise<Question | undefined> {
  const arrived = journey.progress.arrived ?? undefined
  const chosen = chosenAccount(journey)?.user
  if (arrived === undefined || chosen === undefined) return undefined
  const [user, facts] = await Promise.all([findUser(ctx.db, arrived.userId), findAcceptedProvider(ctx, journey.client.metadata.login_providers, arrived.providerId)])
  return user?.status !== 'active' || facts === undefined ? undefined : { arrived, user, chosen, facts }
}

function person(user: User): Person {
  return { name: displayName(user), address: user.claims.email }
}

function subject(visit: Visit, { user }: Question): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${user.userId}`
}

export function unexpectedUserPages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const question = await questionOf(ctx, visit)
    if (question === undefined) return rails.proceed(request, reply, visit, {})
    const { uiLocales } = visit.journey.request
    const language = requestLocale(request, uiLocales)
    const { chosen, user, facts } = question
    const names = { clientName: nameOf(visit.journey, language), providerName: localized(facts.provider.name, language) }
    return page(reply, request, 'unexpected-user', { ...names, chosen: person(chosen), arrived: person(user), action: rails.path(visit, NAME), csrf: formToken(ctx, subject(visit, question)) }, { uiLocales })
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const question = await questionOf(ctx, visit)
    if (question === undefined) return rails.proceed(request, reply, visit, {})
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, question))
    const { arrived, user } = question
    if (form.single.get('decision') !== 'continue') {
      await updateProgress(ctx, visit.interaction.id, { arrived: null })
      return goTo(reply, `${rails.path(visit, 'login')}?provider=${encodeURIComponent(arrived.providerId)}&again=1&${AFTER_FORM}=1`)
    }
    const signedIn = await signIn(ctx, reply, visit, { user, providerId: arrived.providerId, acr: arrived.acr, amr: arrived.amr, authTime: arrived.authTime, remembered: visit.journey.progress.shared !== true })
    return rails.proceed(request, reply, signedIn, { chosen: user.userId, signedIn: user.userId, other: false, failure: null, trouble: null, arrived: null })
  })
}
