import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientName } from '../../clients/client.ts'
import { findClientByKey } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo, leave, type Leaving } from '../../http/leave.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { newReference } from '../../lib/random.ts'
import type { Form } from '../../protocol/form.ts'
import { type Identity, type RedirectConnector, UpstreamFailure } from '../../upstream/connector.ts'
import { openConnector } from '../../upstream/open.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { hintedName } from '../../upstream/provider-hint.ts'
import { findAcceptedProvider, findProvider } from '../../upstream/store.ts'
import { readBrowser } from '../browser.ts'
import { CALLBACK, callbackAddress } from '../callback-address.ts'
import { chosenAccount } from '../chosen-account.ts'
import { departureName, isAwaited, journeyOf, keepDeparture, newState, takeDeparture } from '../departures.ts'
import { personOf } from '../person-of.ts'
import { keepPostedAnswer, takePostedAnswer } from '../posted-answers.ts'
import { findInteraction, type Interaction } from '../store.ts'
import { signIn } from './sign-in.ts'
import { AFTER_FORM, isVisit, type Rails, type Visit } from './step.ts'
import { noteTrouble } from './upstream-trouble.ts'
import { noteArrival } from './unexpected-user.ts'

// Sign-in at a provider that the browser goes to and comes back from. What comes back is believed only if this very browser left for this
// very provider on this very journey and has not come back before; whatever else arrives signs nobody in, spends nothing, and gets a page
// with a way on.

/** "Try again" and "use the other account": the provider must ask the person, whoever is signed in there. */
const AGAIN = 'again'

/** In the address of the request that follows a posted answer: what the answer is kept under. */
const POSTED = 'posted'
/** A form that a provider's page posts: an assertion of 256 KiB in base64, percent-encoded, and what goes with it. */
const POSTED_BYTES = 400 * 1024

function hintFor({ journey }: Visit, providerId: string): string | undefined {
  const account = chosenAccount(journey)
  if (account?.provider?.provider.provider_id === providerId) return account.user.claims.email ?? account.user.claims.preferred_username
  return hintedName(journey.request.loginHint)
}

/** Sends the browser to the provider. */
export async function depart(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit, facts: ProviderFacts, connector: RedirectConnector): Promise<FastifyReply> {
  const { provider_id: providerId, name } = facts.provider
  const { prompt, maxAge, acrValues, uiLocales } = visit.journey.request
  const { single } = queryForm(request)
  const state = newState(visit.interaction.id)
  try {
    const fresh = single.has(AGAIN) || prompt.includes('login') || maxAge === 0
    const place = connector.answersAt ?? providerId
    const { url, fields, kept } = await connector.begin({ redirectUri: callbackAddress(ctx, place), state, fresh, maxAge, loginHint: hintFor(visit, providerId), acrValues, uiLocales })
    if (!(await keepDeparture(ctx, visit.interaction.id, place, state, { providerId, kept }))) return goTo(reply, `/signin/${visit.interaction.id}`)
    const to: Leaving = fields === undefined ? { kind: 'address', url } : { kind: 'form', action: url, fields, goesOn: true }
    return leave(request, reply, to, localized(name, requestLocale(request, uiLocales)), { uiLocales, direct: !single.has(AFTER_FORM) })
  } catch (error) {
    if (error instanceof UpstreamFailure) return noteTrouble(ctx, reply, rails, visit, facts, error.kind, error.detail, error)
    throw error
  }
}

/** An answer that belongs to nothing: used before, another browser's, another provider's, or of a journey that is over. */
async function over(ctx: Context, request: FastifyRequest, reply: FastifyReply, providerId: string, interaction: Interaction | undefined, isOurs: boolean): Promise<FastifyReply> {
  const client = interaction && (await findClientByKey(ctx, interaction.clientKey))
  const facts = await findProvider(ctx, providerId)
  const language = requestLocale(request, interaction?.request.uiLocales)
  const reference = newReference()
  ctx.log.info({ event: 'upstream.failed', ref: reference, problem: 'over', detail: interaction === undefined ? 'no journey' : isOurs ? 'no departure' : 'another browser, or over' }, 'an answer of a provider was not taken')
  const known = interaction === undefined || client === undefined || facts === undefined ? undefined : { restartHref: `/signin/${interaction.id}${isOurs ? '' : '/restart'}` }
  const names = { clientName: client === undefined ? '' : clientName(client, language), providerName: facts === undefined ? '' : localized(facts.provider.name, language) }
  return page(reply, request, 'upstream', { problem: known === undefined ? 'over-unnamed' : 'over', ...names, reference, time: new Date(ctx.clock.now()), ...known }, { status: 400, uiLocales: interaction?.request.uiLocales })
}

const ANSWER = ['code', 'state', 'iss', 'error'] as const
const POSTED_ANSWER = [...ANSWER, 'SAMLResponse', 'RelayState'] as const

function answerOf({ single }: Form, names: readonly string[]): URLSearchParams {
  return new URLSearchParams(names.map((name): [string, string] => [name, single.get(name) ?? '']).filter(([, value]) => value !== ''))
}

async function arrive(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit, facts: ProviderFacts, identity: Identity): Promise<FastifyReply> {
  const { provider_id: providerId, protocol } = facts.provider
  const { acr, amr, authTime } = identity
  const user = await personOf(ctx, facts, identity)
  if (user.status === 'locked') return noteTrouble(ctx, reply, rails, visit, facts, 'locked', 'locked')
  ctx.metrics.logins.inc({ method: protocol, result: 'good' })
  const chosen = chosenAccount(visit.journey)
  if (chosen !== undefined && chosen.user.userId !== user.userId && chosen.provider?.provider.provider_id === providerId) {
    return noteArrival(ctx, reply, rails, visit, { userId: user.userId, providerId, amr, authTime: authTime ?? visit.journey.now, ...(acr === undefined ? {} : { acr }) })
  }
  const signedIn = await signIn(ctx, reply, visit, { user, providerId, acr, amr, authTime, remembered: visit.journey.progress.shared !== true })
  return rails.proceed(request, reply, signedIn, { chosen: user.userId, signedIn: user.userId, other: false, failure: null, trouble: null, arrived: null })
}

async function comeBack(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, place: string): Promise<FastifyReply> {
  const form = queryForm(request)
  const state = form.single.get('state') ?? ''
  const id = journeyOf(state)
  const interaction = id === undefined ? undefined : await findInteraction(ctx, id)
  if (interaction === undefined) return over(ctx, request, reply, place, undefined, false)
  const { browserId } = await readBrowser(ctx, request)
  if (browserId !== interaction.browserId || interaction.isAnswered || interaction.isExpired) return over(ctx, request, reply, place, interaction, false)
  const visit = await rails.visit(request, reply)
  if (!isVisit(visit)) return visit
  const posted = form.single.get(POSTED)
  const parameters = posted === undefined ? answerOf(form, ANSWER) : await takePostedAnswer(ctx, departureName(place, state), posted)
  const departure = parameters && (await takeDeparture(ctx, interaction.id, browserId, place, state))
  // Asked again: what the client accepts, and which providers there are, may have changed while the person was away.
  const facts = departure && (await findAcceptedProvider(ctx, visit.journey.client.metadata.login_providers, departure.providerId))
  const connector = facts && openConnector(ctx, facts)
  if (parameters === undefined || departure === undefined || facts === undefined || connector?.kind !== 'redirect') return over(ctx, request, reply, place, interaction, true)
  try {
    const identity = await connector.complete({ redirectUri: callbackAddress(ctx, place), state, kept: departure.kept, parameters })
    return await arrive(ctx, request, reply, rails, visit, facts, identity)
  } catch (error) {
    if (error instanceof UpstreamFailure) return noteTrouble(ctx, reply, rails, visit, facts, error.kind, error.detail, error)
    throw error
  }
}

// A form that another site posts comes without our cookies (SameSite=Lax); the GET that follows has them. So nothing is decided here: what
// came is kept if it is awaited at all, under a token that only this browser is told, and looked at when it is known whose browser that is.
async function keepPosted(ctx: Context, request: FastifyRequest, reply: FastifyReply, place: string): Promise<FastifyReply> {
  const fields = answerOf(bodyForm(request), POSTED_ANSWER)
  const state = fields.get('state') ?? fields.get('RelayState') ?? ''
  const next = new URLSearchParams({ state })
  if (await isAwaited(ctx, place, state)) next.set(POSTED, await keepPostedAnswer(ctx, departureName(place, state), fields))
  return goTo(reply, `${CALLBACK}/${encodeURIComponent(place)}?${next.toString()}`)
}

/** The addresses that providers answer to. */
export function callbackPages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { place: string } }>(`${CALLBACK}/:place`, (request, reply) => comeBack(ctx, request, reply, rails, request.params.place))
  app.post<{ Params: { place: string } }>(`${CALLBACK}/:place`, { bodyLimit: POSTED_BYTES }, (request, reply) => keepPosted(ctx, request, reply, request.params.place))
}
