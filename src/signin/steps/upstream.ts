import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientName } from '../../clients/client.ts'
import { findClientByKey } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo, leave } from '../../http/leave.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { newReference } from '../../lib/random.ts'
import type { Form } from '../../protocol/form.ts'
import { type Identity, type RedirectConnector, UpstreamFailure } from '../../upstream/connector.ts'
import { openConnector } from '../../upstream/open.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { findAcceptedProvider, findProvider } from '../../upstream/store.ts'
import { readBrowser } from '../browser.ts'
import { chosenAccount } from '../chosen-account.ts'
import { journeyOf, keepDeparture, newState, takeDeparture } from '../departures.ts'
import { personOf } from '../person-of.ts'
import { findInteraction, type Interaction } from '../store.ts'
import { signIn } from './sign-in.ts'
import { AFTER_FORM, isVisit, type Rails, type Visit } from './step.ts'
import { noteTrouble } from './upstream-trouble.ts'
import { noteArrival } from './unexpected-user.ts'

// Sign-in at a provider that the browser goes to and comes back from. What comes back is believed only if this very browser left for this
// very provider on this very journey and has not come back before; whatever else arrives signs nobody in, spends nothing, and gets a page
// with a way on.

const CALLBACK = '/signin/callback'
/** "Try again" and "use the other account": the provider must ask the person, whoever is signed in there. */
const AGAIN = 'again'

/** One address a provider, so that one provider's answer is never taken for another's (security.md rule 9). */
export function callbackAddress(ctx: Context, providerId: string): string {
  return `${ctx.config.issuer}${CALLBACK}/${providerId}`
}

function hintFor({ journey }: Visit, providerId: string): string | undefined {
  const account = chosenAccount(journey)
  if (account?.provider?.provider.provider_id === providerId) return account.user.claims.email ?? account.user.claims.preferred_username
  const hint = journey.request.loginHint
  return hint?.includes('|') === true ? undefined : hint
}

/** Sends the browser to the provider. */
export async function depart(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit, facts: ProviderFacts, connector: RedirectConnector): Promise<FastifyReply> {
  const { provider_id: providerId, name } = facts.provider
  const { prompt, maxAge, acrValues, uiLocales } = visit.journey.request
  const { single } = queryForm(request)
  const state = newState(visit.interaction.id)
  try {
    const fresh = single.has(AGAIN) || prompt.includes('login') || maxAge === 0
    const { url, kept } = await connector.begin({ redirectUri: callbackAddress(ctx, providerId), state, fresh, maxAge, loginHint: hintFor(visit, providerId), acrValues, uiLocales })
    if (!(await keepDeparture(ctx, visit.interaction.id, providerId, state, kept))) return goTo(reply, `/signin/${visit.interaction.id}`)
    return leave(request, reply, { kind: 'address', url }, localized(name, requestLocale(request, uiLocales)), { uiLocales, direct: !single.has(AFTER_FORM) })
  } catch (error) {
    if (error instanceof UpstreamFailure) return noteTrouble(ctx, reply, rails, visit, facts, error.kind, error.detail)
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

function answerOf({ single }: Form): URLSearchParams {
  return new URLSearchParams(ANSWER.map((name): [string, string] => [name, single.get(name) ?? '']).filter(([, value]) => value !== ''))
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

async function comeBack(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, providerId: string): Promise<FastifyReply> {
  const parameters = answerOf(queryForm(request))
  const state = parameters.get('state') ?? ''
  const id = journeyOf(state)
  const interaction = id === undefined ? undefined : await findInteraction(ctx, id)
  if (interaction === undefined) return over(ctx, request, reply, providerId, undefined, false)
  const { browserId } = await readBrowser(ctx, request)
  if (browserId !== interaction.browserId || interaction.isAnswered || interaction.isExpired) return over(ctx, request, reply, providerId, interaction, false)
  const visit = await rails.visit(request, reply)
  if (!isVisit(visit)) return visit
  // Asked again: what the client accepts, and which providers there are, may have changed while the person was away.
  const facts = await findAcceptedProvider(ctx, visit.journey.client.metadata.login_providers, providerId)
  const connector = facts && openConnector(ctx, facts)
  const kept = connector?.kind === 'redirect' ? await takeDeparture(ctx, interaction.id, browserId, providerId, state) : undefined
  if (facts === undefined || connector?.kind !== 'redirect' || kept === undefined) return over(ctx, request, reply, providerId, interaction, true)
  try {
    const identity = await connector.complete({ redirectUri: callbackAddress(ctx, providerId), state, kept, parameters })
    return await arrive(ctx, request, reply, rails, visit, facts, identity)
  } catch (error) {
    if (error instanceof UpstreamFailure) return noteTrouble(ctx, reply, rails, visit, facts, error.kind, error.detail)
    throw error
  }
}

/** The addresses that providers answer to. */
export function callbackPages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { provider: string } }>(`${CALLBACK}/:provider`, (request, reply) => comeBack(ctx, request, reply, rails, request.params.provider))
  // A form that another site posts comes without our cookies (SameSite=Lax); the GET that follows has them. It acts on nothing by itself.
  app.post<{ Params: { provider: string } }>(`${CALLBACK}/:provider`, async (request, reply) => goTo(reply, `${CALLBACK}/${encodeURIComponent(request.params.provider)}?${answerOf(bodyForm(request)).toString()}`))
}
