import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientName, isEnabled, startAddress } from '../clients/client.ts'
import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { queryForm } from '../http/forms.ts'
import { goTo, leave } from '../http/leave.ts'
import { type PageErrorFacts, presentPageError } from '../http/page-errors.ts'
import { page, requestLocale } from '../http/pages.ts'
import { invalidRequest, type OAuthError } from '../protocol/error.ts'
import { openAnswer } from './answer.ts'
import { ensureBrowser, readBrowser } from './browser.ts'
import { journeyOf } from './departures.ts'
import { isStillValid, nameOf } from './journey.ts'
import { clientKeyOf } from './journey-id.ts'
import { type Done, nextStep } from './next-step.ts'
import { readJourney } from './read-journey.ts'
import { createInteraction, findInteraction, type Interaction, type Progress, updateProgress } from './store.ts'
import { AFTER_FORM, isVisit, type Rails, type Visit } from './steps/step.ts'
import { steps } from './steps/index.ts'
import { login } from './steps/login.ts'

// Mounts the steps and owns what holds on each of their pages: the journey belongs to the browser, is alive, and is not answered yet.
// Whatever is not so leads on, never to a dead end: another browser gets a journey of its own for the same request, an old page offers to
// start again, an answered one leads where the answer led.

/** The door that answers the client; the journey itself never does. */
export interface AnswersClient {
  finish(request: FastifyRequest, reply: FastifyReply, visit: Visit, done: Done): Promise<FastifyReply>
  refuse(request: FastifyRequest, reply: FastifyReply, visit: Visit, error: OAuthError): Promise<FastifyReply>
}

/** Marks the first page after a cookie was set: when it does not come back, the browser keeps none. */
const FRESH = 'fresh'
const ANSWER = '/signin/:id/answer'

/** The address of a journey that was just made for a browser. A new cookie is looked for on the way, not on the page itself: that may be reloaded and kept. */
export function startOf(interaction: Interaction, step: string | undefined, newCookie: boolean): string {
  if (newCookie) return `/signin/${interaction.id}?${FRESH}=1`
  return step === undefined ? `/signin/${interaction.id}` : `/signin/${interaction.id}/${step}`
}

/** Where a journey shows its answer again while that is alive, for answers that leave a page of ours on the screen. */
export function answerOf(interaction: Interaction): string {
  return ANSWER.replace(':id', interaction.id)
}

/** The same request once more, for the browser that asks. */
async function startAgain(ctx: Context, request: FastifyRequest, reply: FastifyReply, interaction: Interaction): Promise<FastifyReply> {
  const { browserId } = await readBrowser(ctx, request)
  const copy = await createInteraction(ctx, await ensureBrowser(ctx, reply, browserId), interaction.clientKey, interaction.request)
  return goTo(reply, startOf(copy, undefined, browserId === undefined))
}

/** Nobody remembers the journey. Its address still says which client it was for, and that is where to begin anew. */
async function unknownJourney(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const key = clientKeyOf(ctx, idOf(request))
  const client = key === undefined ? undefined : await findClientByKey(ctx, key)
  const known = client === undefined || !isEnabled(client) ? {} : { clientName: clientName(client, requestLocale(request)), homeHref: startAddress(client, ctx.config.issuer) }
  return page(reply, request, 'start-again', known, { status: 404 })
}

/** The journey that an address names: itself, or with the `state` that a provider gives back. */
function idOf(request: FastifyRequest): string {
  const state = new URLSearchParams((request.raw.url ?? '').split('?', 2)[1]).get('state') ?? undefined
  return (request.params as { id?: string }).id ?? journeyOf(state) ?? ''
}

function wayOn(request: FastifyRequest): PageErrorFacts {
  const id = idOf(request)
  if (id === '') return {}
  const path = `/signin/${encodeURIComponent(id)}`
  return { restartHref: path, retryHref: path }
}

export function registerSignin(app: FastifyInstance, ctx: Context, client: AnswersClient): void {
  async function answered(request: FastifyRequest, reply: FastifyReply, interaction: Interaction, name: string, isSuperseded: boolean): Promise<FastifyReply> {
    const { uiLocales } = interaction.request
    const restart = `/signin/${interaction.id}/restart`
    const asksForIt = request.method === 'POST' || request.routeOptions.url === ANSWER
    const answer = asksForIt && !isSuperseded ? openAnswer(ctx, interaction) : undefined
    if (answer !== undefined) return leave(request, reply, answer, name, { uiLocales, shownAt: answerOf(interaction) })
    return request.method === 'POST' ? startAgain(ctx, request, reply, interaction) : page(reply, request, 'already-answered', { clientName: name, restartHref: restart }, { uiLocales })
  }

  async function fromAnotherBrowser(request: FastifyRequest, reply: FastifyReply, interaction: Interaction, name: string, browserId: string | undefined): Promise<FastifyReply> {
    const path = `/signin/${interaction.id}`
    if (browserId === undefined && queryForm(request).single.has(FRESH)) return page(reply, request, 'cookies-blocked', { clientName: name, retryHref: `${path}/restart` }, { status: 400, uiLocales: interaction.request.uiLocales })
    return startAgain(ctx, request, reply, interaction)
  }

  async function visit(request: FastifyRequest, reply: FastifyReply): Promise<Visit | FastifyReply> {
    const interaction = await findInteraction(ctx, idOf(request))
    if (interaction === undefined) return unknownJourney(ctx, request, reply)
    const asking = await findClientByKey(ctx, interaction.clientKey)
    if (asking === undefined || !isStillValid(asking, interaction.request)) return presentPageError(ctx, invalidRequest('The application is not known here any more', { reason: 'client_unknown', detail: 'client.changed', trace: { cause: 'client.disabled', ...(asking && { clientId: asking.clientId }) } }), request, reply, { homeHref: asking && startAddress(asking, ctx.config.issuer) })
    const name = clientName(asking, requestLocale(request, interaction.request.uiLocales))
    const browser = await readBrowser(ctx, request)
    const { browserId } = browser
    if (browserId !== interaction.browserId) return fromAnotherBrowser(request, reply, interaction, name, browserId)
    if (interaction.isAnswered) return answered(request, reply, interaction, name, browser.isSuperseded)
    if (interaction.isExpired) return request.method === 'GET' ? page(reply, request, 'start-again', { clientName: name, restartHref: `/signin/${interaction.id}/restart` }) : startAgain(ctx, request, reply, interaction)
    const journey = await readJourney(ctx, { ...browser, request: interaction.request, client: asking, interaction })
    return { ...browser, browserId, interaction, journey }
  }

  // The other half of a double click was quicker.
  async function answeredMeanwhile(request: FastifyRequest, reply: FastifyReply, { interaction: before, journey, isSuperseded }: Visit): Promise<FastifyReply> {
    const interaction = await findInteraction(ctx, before.id)
    if (interaction === undefined) return unknownJourney(ctx, request, reply)
    return answered(request, reply, interaction, nameOf(journey, requestLocale(request, journey.request.uiLocales)), isSuperseded)
  }

  async function proceed(request: FastifyRequest, reply: FastifyReply, before: Visit, progress: Progress): Promise<FastifyReply> {
    const interaction = Object.keys(progress).length === 0 ? before.interaction : await updateProgress(ctx, before.interaction.id, progress)
    if (interaction === undefined) return answeredMeanwhile(request, reply, before)
    const { browserId, isSuperseded, deviceId } = before
    const journey = await readJourney(ctx, { request: interaction.request, client: before.journey.client, interaction, browserId, isSuperseded, deviceId })
    const now: Visit = { ...before, interaction, journey }
    const next = nextStep(journey)
    // The sign-in may lead on to a provider.
    const mark = request.method === 'POST' && next.kind === 'step' && next.step === login ? `?${AFTER_FORM}=1` : ''
    if (next.kind === 'step') return goTo(reply, rails.path(now, next.step.name) + mark)
    return next.kind === 'done' ? client.finish(request, reply, now, next) : client.refuse(request, reply, now, next.error)
  }

  const rails: Rails = { visit, proceed, refuse: (request, reply, at, error) => client.refuse(request, reply, at, error), path: ({ interaction }, step) => `/signin/${interaction.id}/${step}` }

  // Whatever goes wrong on a page of a journey, the journey itself is the way on.
  void app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => presentPageError(ctx, error, request, reply, wayOn(request)))
    for (const path of ['/signin/:id', ANSWER]) {
      scope.get(path, async (request, reply) => {
        const arrived = await visit(request, reply)
        return isVisit(arrived) ? proceed(request, reply, arrived, {}) : arrived
      })
    }
    scope.get('/signin/:id/restart', async (request, reply) => {
      const interaction = await findInteraction(ctx, idOf(request))
      return interaction === undefined ? unknownJourney(ctx, request, reply) : startAgain(ctx, request, reply, interaction)
    })
    for (const step of steps) step.pages(scope, ctx, rails)
  })
}
