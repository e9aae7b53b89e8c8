import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientName } from '../clients/client.ts'
import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { queryForm } from '../http/forms.ts'
import { goTo, leave } from '../http/leave.ts'
import { page, requestLocale } from '../http/pages.ts'
import { invalidRequest, type OAuthError } from '../protocol/error.ts'
import { openAnswer } from './answer.ts'
import { ensureBrowser, readBrowser } from './browser.ts'
import { isStillValid } from './journey.ts'
import { type Done, nextStep } from './next-step.ts'
import { readJourney } from './read-journey.ts'
import { createInteraction, findInteraction, type Interaction, type Progress, updateProgress } from './store.ts'
import type { Rails, Visit } from './steps/step.ts'
import { steps } from './steps/index.ts'

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

/** The address of a journey that was just made for a browser. */
export function startOf(interaction: Interaction, step: string | undefined, newCookie: boolean): string {
  return `/signin/${interaction.id}${step === undefined ? '' : `/${step}`}${newCookie ? `?${FRESH}=1` : ''}`
}

/** The same request once more, for the browser that asks. */
async function startAgain(ctx: Context, request: FastifyRequest, reply: FastifyReply, interaction: Interaction): Promise<FastifyReply> {
  const { browserId } = await readBrowser(ctx, request)
  const copy = await createInteraction(ctx, await ensureBrowser(ctx, reply, browserId), interaction.clientKey, interaction.request)
  return goTo(reply, startOf(copy, undefined, browserId === undefined))
}

function unknownJourney(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return page(reply, request, 'start-again', {}, { status: 404 })
}

export function registerSignin(app: FastifyInstance, ctx: Context, client: AnswersClient): void {
  async function answered(request: FastifyRequest, reply: FastifyReply, interaction: Interaction, name: string): Promise<FastifyReply> {
    const { uiLocales } = interaction.request
    if (request.method === 'GET') return page(reply, request, 'already-answered', { clientName: name, restartHref: `/signin/${interaction.id}/restart` }, { uiLocales })
    const answer = openAnswer(ctx, interaction)
    return answer === undefined ? startAgain(ctx, request, reply, interaction) : leave(request, reply, answer, name, { uiLocales })
  }

  async function fromAnotherBrowser(request: FastifyRequest, reply: FastifyReply, interaction: Interaction, name: string, browserId: string | undefined): Promise<FastifyReply> {
    const path = `/signin/${interaction.id}`
    if (browserId === undefined && queryForm(request).single.has(FRESH)) return page(reply, request, 'cookies-blocked', { clientName: name, retryHref: `${path}/restart` }, { status: 400, uiLocales: interaction.request.uiLocales })
    return startAgain(ctx, request, reply, interaction)
  }

  async function visit(request: FastifyRequest, reply: FastifyReply): Promise<Visit | FastifyReply> {
    const interaction = await findInteraction(ctx, (request.params as { id?: string }).id ?? '')
    if (interaction === undefined) return unknownJourney(request, reply)
    const asking = await findClientByKey(ctx, interaction.clientKey)
    if (asking === undefined || !isStillValid(asking, interaction.request)) throw invalidRequest('The application is not known here any more', { reason: 'client_unknown', detail: 'client.changed' })
    const name = clientName(asking, requestLocale(request, interaction.request.uiLocales))
    const { browserId, deviceId } = await readBrowser(ctx, request)
    if (browserId !== interaction.browserId) return fromAnotherBrowser(request, reply, interaction, name, browserId)
    if (interaction.isAnswered) return answered(request, reply, interaction, name)
    if (interaction.isExpired) return request.method === 'GET' ? page(reply, request, 'start-again', { clientName: name, restartHref: `/signin/${interaction.id}/restart` }) : startAgain(ctx, request, reply, interaction)
    const journey = await readJourney(ctx, { request: interaction.request, client: asking, interaction, browserId, deviceId })
    return { interaction, browserId, deviceId, journey }
  }

  async function proceed(request: FastifyRequest, reply: FastifyReply, before: Visit, progress: Progress): Promise<FastifyReply> {
    const interaction = Object.keys(progress).length === 0 ? before.interaction : await updateProgress(ctx, before.interaction.id, progress)
    if (interaction === undefined) return goTo(reply, `/signin/${before.interaction.id}`)
    // The device may have been made by this very request.
    const journey = await readJourney(ctx, { request: interaction.request, client: before.journey.client, interaction, browserId: before.browserId, deviceId: before.deviceId })
    const now: Visit = { ...before, interaction, journey }
    const next = nextStep(journey)
    if (next.kind === 'step') return goTo(reply, rails.path(now, next.step.name))
    return next.kind === 'done' ? client.finish(request, reply, now, next) : client.refuse(request, reply, now, next.error)
  }

  const rails: Rails = { visit, proceed, refuse: (request, reply, at, error) => client.refuse(request, reply, at, error), path: ({ interaction }, step) => `/signin/${interaction.id}/${step}` }

  app.get('/signin/:id', async (request, reply) => {
    const arrived = await visit(request, reply)
    return 'journey' in arrived ? proceed(request, reply, arrived, {}) : arrived
  })
  app.get('/signin/:id/restart', async (request, reply) => {
    const interaction = await findInteraction(ctx, (request.params as { id?: string }).id ?? '')
    return interaction === undefined ? unknownJourney(request, reply) : startAgain(ctx, request, reply, interaction)
  })
  for (const step of steps) step.pages(app, ctx, rails)
}
