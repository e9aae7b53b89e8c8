import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Context, perContext } from '../../context.ts'
import { busyPage } from '../../http/busy-page.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { createGate } from '../../lib/gate.ts'
import { createTurns } from '../../lib/turns.ts'
import { PasswordsBusy } from '../../lib/password.ts'
import { accessDenied, loginRequired } from '../../protocol/error.ts'
import { ACR_PASSWORD } from '../../protocol/acr.ts'
import { type PasswordConnector, UpstreamFailure } from '../../upstream/connector.ts'
import { openConnector } from '../../upstream/open.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { hintedName } from '../../upstream/provider-hint.ts'
import { findAcceptedProvider, findProvider } from '../../upstream/store.ts'
import type { User } from '../../users/user.ts'
import { chosenAccount, mustSignInAgain } from '../chosen-account.ts'
import { insecureRedirect } from '../insecure-redirect.ts'
import { nameOf, settledProvider } from '../journey.ts'
import { offersRecovery } from '../recovery.ts'
import { offersSignUp } from '../sign-up.ts'
import { updateProgress } from '../store.ts'
import { type PasswordFailure, tryPassword } from '../try-password.ts'
import { forgottenPages, forgottenPath } from './forgotten.ts'
import { refuseProvider } from './provider-refused.ts'
import { resetPages } from './reset.ts'
import { passkeyForm, passkeyLoginPages, shallOfferPasskey } from './passkey-login.ts'
import { signIn } from './sign-in.ts'
import { signUpPath } from './sign-up.ts'
import { AFTER_FORM, isVisit, type Rails, type Step, type Visit } from './step.ts'
import { unexpectedUserPages } from './unexpected-user.ts'
import { callbackPages, depart } from './upstream.ts'
import { noteTrouble, troublePages } from './upstream-trouble.ts'

// Sign-in: with user name and password on a page of ours, or at a provider that the browser is sent to (upstream.ts).

const NAME = 'login'
const LONGEST_USERNAME = 200
const LONGEST_PASSWORD = 1000
const FAILURE_STATUS = { credentials: 401, locked: 403, throttled: 429, network: 429, busy: 429, passkey: 401 } as const

/** The provider that the address names, else the chosen account's, else the only one; nothing when the client does not take it. */
async function providerOf(ctx: Context, request: FastifyRequest, visit: Visit): Promise<ProviderFacts | undefined> {
  const { journey } = visit
  const named = queryForm(request).single.get('provider') ?? chosenAccount(journey)?.provider?.provider.provider_id ?? settledProvider(journey)?.provider.provider_id
  return named === undefined ? undefined : findAcceptedProvider(ctx, journey.client.metadata.login_providers, named)
}

/** One that the client does not accept gets a page that says so; one that nobody knows is no choice. */
async function withoutProvider(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit): Promise<FastifyReply> {
  const named = queryForm(request).single.get('provider')
  const facts = named === undefined ? undefined : await findProvider(ctx, named)
  return facts === undefined || facts.provider.disabled ? goTo(reply, rails.path(visit, 'discovery')) : refuseProvider(ctx, request, reply, rails, visit, facts)
}

/** What discovery's switch for shared computers says, kept for a sign-in that leaves this service. */
async function noteShared(ctx: Context, request: FastifyRequest, visit: Visit): Promise<boolean> {
  const known = visit.journey.progress.shared === true
  const said = queryForm(request).single.get('shared')
  const shared = said === undefined ? known : said === '1'
  if (shared !== known) await updateProgress(ctx, visit.interaction.id, { shared })
  return shared
}

function subject(visit: Visit, providerId: string): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${providerId}`
}

function addressOf(rails: Rails, visit: Visit, provider: ProviderFacts): string {
  return `${rails.path(visit, NAME)}?provider=${encodeURIComponent(provider.provider.provider_id)}`
}

/** The last failure, as far as it is about this provider and its time is not over. */
function standingFailure({ journey }: Visit, providerId: string): PasswordFailure | undefined {
  const failure = journey.progress.failure ?? undefined
  const isOver = failure?.until !== undefined && Date.parse(failure.until) / 1000 <= journey.now
  return failure?.providerId === providerId && !isOver ? failure : undefined
}

/** The user, why not, or that the provider could not be asked. */
async function tryLogin(ctx: Context, request: FastifyRequest, visit: Visit, provider: ProviderFacts, connector: PasswordConnector, username: string, password: string): Promise<User | PasswordFailure | UpstreamFailure> {
  const { provider_id: providerId } = provider.provider
  if (username === '' || password === '' || username.length > LONGEST_USERNAME || password.length > LONGEST_PASSWORD) return { error: 'credentials', providerId, username: username.slice(0, LONGEST_USERNAME) }
  try {
    return await tryPassword(ctx, provider, connector, { username, password, address: request.ip, deviceId: visit.deviceId })
  } catch (error) {
    if (error instanceof UpstreamFailure) return error
    if (error instanceof PasswordsBusy) return { error: 'busy', providerId, username }
    throw error
  }
}

const line = perContext(() => ({ gate: createGate({ inside: 2, waiting: 100, milliseconds: 2000 }), turn: createTurns(4) }))

/** A directory's own time is no reason to keep others waiting. */
async function standsInLine(ctx: Context, request: FastifyRequest): Promise<boolean> {
  const facts = await findProvider(ctx, queryForm(request).single.get('provider') ?? '')
  return facts === undefined || facts.provider.protocol === 'local'
}

function turnAway(ctx: Context, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  ctx.metrics.logins.inc({ method: 'password', result: 'turned_away' })
  return busyPage(request, reply)
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  callbackPages(app, ctx, rails)
  troublePages(app, ctx, rails)
  unexpectedUserPages(app, ctx, rails)
  forgottenPages(app, ctx, rails)
  resetPages(app, ctx)
  passkeyLoginPages(app, ctx, rails)
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const provider = await providerOf(ctx, request, visit)
    if (provider === undefined) return withoutProvider(ctx, request, reply, rails, visit)
    const shared = await noteShared(ctx, request, visit)
    const connector = openConnector(ctx, provider)
    if (connector.kind === 'redirect') return depart(ctx, request, reply, rails, visit, provider, connector)
    const { journey } = visit
    const { metadata } = journey.client
    const { uiLocales, loginHint } = journey.request
    const language = requestLocale(request, uiLocales)
    const failure = standingFailure(visit, provider.provider.provider_id)
    if (failure?.until !== undefined) void reply.header('retry-after', String(Math.ceil(Date.parse(failure.until) / 1000) - journey.now))
    const account = chosenAccount(journey)
    const name = account?.user.username ?? hintedName(loginHint) ?? ''
    return page(
      reply,
      request,
      'login',
      {
        clientName: nameOf(journey, language),
        insecure: insecureRedirect(journey),
        action: addressOf(rails, visit, provider),
        csrf: formToken(ctx, subject(visit, provider.provider.provider_id)),
        providerName: localized(provider.provider.name, language),
        username: failure?.username ?? name,
        error: failure?.error,
        until: failure?.until === undefined ? undefined : new Date(failure.until),
        discoveryHref: journey.soleProvider === undefined ? rails.path(visit, 'discovery') : undefined,
        resetHref: offersRecovery(ctx, provider) ? forgottenPath(rails, visit, provider.provider.provider_id) : undefined,
        signUpHref: offersSignUp(ctx, provider) ? signUpPath(rails, visit, provider.provider.provider_id) : undefined,
        hint: provider.provider.login_hint && localized(provider.provider.login_hint, language),
        sharedComputer: shared,
        passkey: passkeyForm(ctx, rails, visit, provider, connector),
        logoUri: metadata.logo_uri,
        policyUri: metadata.policy_uri,
        tosUri: metadata.tos_uri,
      },
      { uiLocales, imageSource: metadata.logo_uri, status: failure === undefined ? 200 : FAILURE_STATUS[failure.error] },
    )
  })

  // A sign-in with a password that is kept here waits for its turn before anything is looked up: at nine o'clock a campus signs in at once, and
  // the machines' tokens must not wait behind it. Whoever finds the line full is told before the form is even read.
  async function onRequest(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const { gate, turn } = line(ctx)
    await turn()
    return gate.isFull() && (await standsInLine(ctx, request)) ? turnAway(ctx, request, reply) : undefined
  }

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, { onRequest }, async (request, reply) => {
    const leave = (await standsInLine(ctx, request)) ? await line(ctx).gate.enter() : () => {}
    return leave === undefined ? turnAway(ctx, request, reply) : receive(request, reply).finally(leave)
  })

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const provider = await providerOf(ctx, request, visit)
    if (provider === undefined) return goTo(reply, rails.path(visit, 'discovery'))
    const connector = openConnector(ctx, provider)
    if (connector.kind === 'redirect') return goTo(reply, `${addressOf(rails, visit, provider)}&${AFTER_FORM}=1`)
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, provider.provider.provider_id))
    if (form.single.has('cancel')) return rails.refuse(request, reply, visit, accessDenied('The person cancelled the sign-in', { reason: 'login_cancelled' }))
    const result = await tryLogin(ctx, request, visit, provider, connector, form.single.get('username') ?? '', form.single.get('password') ?? '')
    if (result instanceof UpstreamFailure) return noteTrouble(ctx, reply, rails, visit, provider, result.kind, result.detail)
    ctx.metrics.logins.inc({ method: provider.provider.protocol === 'local' ? 'password' : provider.provider.protocol, result: 'error' in result ? result.error : 'good' })
    if ('error' in result) {
      // Shown by the page itself: reload and back then ask no question about sending a password again.
      await updateProgress(ctx, visit.interaction.id, { failure: result })
      return goTo(reply, addressOf(rails, visit, provider))
    }
    const shared = form.single.get('shared_computer') === '1'
    const signedIn = await signIn(ctx, reply, visit, { user: result, providerId: provider.provider.provider_id, acr: ACR_PASSWORD, amr: ['pwd'], remembered: !shared })
    const offered = !shared && (await shallOfferPasskey(ctx, form, connector, visit.journey.client, result))
    return rails.proceed(request, reply, signedIn, { chosen: result.userId, signedIn: result.userId, other: false, failure: null, passkeyOffer: offered ? result.userId : null })
  }
}

export const login: Step = {
  name: NAME,
  reason: (journey) => {
    const account = chosenAccount(journey)
    const silently = () => loginRequired('A sign-in is needed')
    if (account?.pending !== undefined) return undefined
    if (account?.session === undefined) return { name: 'not_signed_in', silently }
    return mustSignInAgain(journey, account) ? { name: 'sign_in_again', silently } : undefined
  },
  pages,
}
