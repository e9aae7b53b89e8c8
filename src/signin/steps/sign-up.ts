import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { loginRequired } from '../../protocol/error.ts'
import { ACR_PASSWORD } from '../../protocol/acr.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { findAcceptedProvider, listSignUpProviders } from '../../upstream/store.ts'
import { SHORTEST_PASSWORD } from '../../users/password-rules.ts'
import { nameOf } from '../journey.ts'
import { beginSignUp, finishSignUp, offersSignUp, type SignUpFaults, type SignUpForm } from '../sign-up.ts'
import { findSignUp, SIGN_UP_SECONDS } from '../sign-ups.ts'
import { signIn } from './sign-in.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// A new account, asked for by the client (`prompt=create`) or by the person on a sign-in page. In the end the person is signed in and the
// client gets the answer to its own request.

const NAME = 'sign-up'
const CODE = `${NAME}/code`
const EXISTING = `${NAME}/existing`

/** Where a journey's page for a new account at a provider is. */
export function signUpPath(rails: Rails, visit: Visit, providerId: string): string {
  return `${rails.path(visit, NAME)}?provider=${encodeURIComponent(providerId)}`
}

function subject(visit: Visit, form: string): string {
  return `${form}/${visit.browserId}/${visit.interaction.id}`
}

function placeOf({ interaction, browserId }: Visit): { readonly interactionId: string; readonly browserId: string } {
  return { interactionId: interaction.id, browserId }
}

function formOf(request: FastifyRequest): SignUpForm {
  const { single } = bodyForm(request)
  return { name: (single.get('name') ?? '').trim(), email: (single.get('email') ?? '').trim().slice(0, 300), password: single.get('password') ?? '' }
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  function find({ journey }: Visit, providerId: string): Promise<ProviderFacts | undefined> {
    return findAcceptedProvider(ctx, journey.client.metadata.login_providers, providerId)
  }

  function show(request: FastifyRequest, reply: FastifyReply, visit: Visit, { provider }: ProviderFacts, form: Omit<SignUpForm, 'password'>, faults: SignUpFaults): FastifyReply {
    const { uiLocales } = visit.journey.request
    const language = requestLocale(request, uiLocales)
    const model = {
      clientName: nameOf(visit.journey, language),
      providerName: localized(provider.name, language),
      action: signUpPath(rails, visit, provider.provider_id),
      csrf: formToken(ctx, subject(visit, NAME)),
      ...form,
      shortest: SHORTEST_PASSWORD,
      nameProblem: faults.name,
      emailProblem: faults.email,
      problem: faults.password,
      until: faults.until,
      existingHref: rails.path(visit, EXISTING),
    }
    const isBusy = faults.until !== undefined || faults.password === 'busy'
    return page(reply, request, 'sign-up', model, { uiLocales, status: isBusy ? 429 : Object.keys(faults).length > 0 ? 400 : 200 })
  }

  function showWhere(request: FastifyRequest, reply: FastifyReply, visit: Visit, open: readonly ProviderFacts[]): FastifyReply {
    const { uiLocales } = visit.journey.request
    const language = requestLocale(request, uiLocales)
    const places = open.map(({ provider }) => ({ name: localized(provider.name, language), href: signUpPath(rails, visit, provider.provider_id) }))
    return page(reply, request, 'sign-up-where', { clientName: nameOf(visit.journey, language), places, existingHref: rails.path(visit, EXISTING) }, { uiLocales })
  }

  function showCode(request: FastifyRequest, reply: FastifyReply, visit: Visit, problem: 'wrong' | 'taken' | 'over' | undefined): FastifyReply {
    const { uiLocales } = visit.journey.request
    const model = {
      clientName: nameOf(visit.journey, requestLocale(request, uiLocales)),
      action: rails.path(visit, CODE),
      csrf: formToken(ctx, subject(visit, CODE)),
      minutes: SIGN_UP_SECONDS / 60,
      problem,
      againHref: rails.path(visit, NAME),
      existingHref: rails.path(visit, EXISTING),
    }
    return page(reply, request, 'sign-up-code', model, { uiLocales, status: problem === undefined ? 200 : 400 })
  }

  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const named = queryForm(request).single.get('provider')
    const facts = named === undefined ? undefined : await find(visit, named)
    if (facts !== undefined && offersSignUp(ctx, facts)) return show(request, reply, visit, facts, { name: '', email: '' }, {})
    const open = (await listSignUpProviders(ctx, visit.journey.client.metadata.login_providers)).filter((one) => offersSignUp(ctx, one))
    const [only] = open
    // Nowhere: whoever was sent to make an account signs in with the one they have.
    if (only === undefined) return rails.proceed(request, reply, visit, { signUp: 'over' })
    return open.length === 1 ? goTo(reply, signUpPath(rails, visit, only.provider.provider_id)) : showWhere(request, reply, visit, open)
  })

  app.get<{ Params: { id: string } }>(`/signin/:id/${EXISTING}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    return isVisit(visit) ? rails.proceed(request, reply, visit, { signUp: 'over' }) : visit
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const facts = await find(visit, queryForm(request).single.get('provider') ?? '')
    if (facts === undefined || !offersSignUp(ctx, facts)) return goTo(reply, rails.path(visit, NAME))
    requireOwnForm(ctx, request, bodyForm(request), subject(visit, NAME))
    const form = formOf(request)
    const language = requestLocale(request, visit.journey.request.uiLocales)
    const faults = await beginSignUp(ctx, { ...placeOf(visit), facts, form, network: request.ip, language })
    if (faults?.until !== undefined) void reply.header('retry-after', String(Math.max(1, Math.ceil(faults.until.getTime() / 1000) - visit.journey.now)))
    return faults === undefined ? goTo(reply, rails.path(visit, CODE)) : show(request, reply, visit, facts, { name: form.name.slice(0, 200), email: form.email }, faults)
  })

  app.get<{ Params: { id: string } }>(`/signin/:id/${CODE}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const waits = (await findSignUp(ctx, placeOf(visit))) !== undefined
    const { single } = queryForm(request)
    return showCode(request, reply, visit, single.has('taken') ? 'taken' : !waits ? 'over' : single.has('wrong') ? 'wrong' : undefined)
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${CODE}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, CODE))
    const code = (form.single.get('code') ?? '').replaceAll(/\D/g, '')
    const result = await finishSignUp(ctx, placeOf(visit), code, (providerId) => find(visit, providerId))
    if (typeof result === 'string') return goTo(reply, `${rails.path(visit, CODE)}?${result}=1`)
    const { user, providerId } = result
    ctx.metrics.logins.inc({ method: 'sign-up', result: 'good' })
    const signedIn = await signIn(ctx, reply, visit, { user, providerId, acr: ACR_PASSWORD, amr: ['pwd'], remembered: true })
    return rails.proceed(request, reply, signedIn, { chosen: user.userId, signedIn: user.userId, other: false, failure: null, signUp: 'over' })
  })
}

export const signUp: Step = {
  name: NAME,
  reason: ({ request, progress }) => {
    const isAsked = request.prompt.includes('create') && progress.signUp !== 'over' && progress.signedIn === undefined
    return isAsked ? { name: 'account_to_be_made', silently: () => loginRequired('An account is to be made') } : undefined
  },
  pages,
}
