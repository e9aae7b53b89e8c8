import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { answerError } from '../authorization-request/answer.ts'
import { type AcceptedRequest, checkAuthorizationRequest } from '../authorization-request/parse.ts'
import { requestObjectAlgorithms } from '../authorization-request/request-object.ts'
import { type AuthorizationRequest, redirectOf } from '../authorization-request/request.ts'
import { responseModes } from '../authorization-request/response-modes/index.ts'
import { SIGNED } from '../authorization-request/response-modes/jwt.ts'
import type { Departure } from '../authorization-request/response-modes/mode.ts'
import { responseTypes } from '../authorization-request/response-types.ts'
import { clientName } from '../clients/client.ts'
import { contentEncryptions, encryptionAlgorithms } from '../clients/response-encryption.ts'
import { findClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { logRefusal } from '../http/api-errors.ts'
import { toOAuthError } from '../http/failure.ts'
import { anyBodyForm, anyQueryForm } from '../http/forms.ts'
import { goTo, leave } from '../http/leave.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { presentPageError } from '../http/page-errors.ts'
import { page, requestLocale } from '../http/pages.ts'
import { diagnosisAddress } from '../http/trace-request.ts'
import { signingAlgorithms } from '../keys/signing-key.ts'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { newReference } from '../lib/random.ts'
import { acrValues } from '../protocol/acr.ts'
import { OAuthError } from '../protocol/error.ts'
import type { Form } from '../protocol/form.ts'
import { codeChallengeMethods } from '../protocol/pkce.ts'
import { promptValues } from '../protocol/prompt.ts'
import { keepAnswer } from '../signin/answer.ts'
import { clearAttempts, countAttempt } from '../signin/attempts.ts'
import { ensureBrowser, readBrowser } from '../signin/browser.ts'
import { type Done, nextStep } from '../signin/next-step.ts'
import { readJourney } from '../signin/read-journey.ts'
import { answerOf, registerSignin, startOf } from '../signin/routes.ts'
import type { Visit } from '../signin/steps/step.ts'
import { createInteraction } from '../signin/store.ts'
import { tellClient } from './ciba-notification.ts'
import { approveDecoupled, denyDecoupled } from './decoupled-answer.ts'
import { authorizationAnswer } from './authorization-answer.ts'
import { tellSessionState } from './check-session.ts'
import type { Endpoint } from './endpoint.ts'
import { warnOfRequest } from './request-warnings.ts'

// The authorization endpoint (RFC 6749 §3.1): checks the request, starts or passes over the journey, and answers the client.

const PATH = '/oauth/authorization'

function refusal(ctx: Context, httpRequest: FastifyRequest, reply: FastifyReply, request: AuthorizationRequest, error: OAuthError): Promise<Departure> {
  const reference = newReference()
  void reply.header('x-request-id', reference)
  logRefusal(ctx, error, httpRequest, reference, request.clientId)
  return answerError(ctx, redirectOf(request), error, diagnosisAddress(ctx.config.issuer, reference))
}

// What the client itself has broken (nothing can be encrypted for it) is told to it, not to the person who has just signed in.
async function answerOrRefusal(ctx: Context, httpRequest: FastifyRequest, reply: FastifyReply, { browserId, journey: { client, request } }: Pick<Visit, 'browserId' | 'journey'>, done: Done): Promise<Departure> {
  try {
    return await authorizationAnswer(ctx, client, request, done, await tellSessionState(ctx, reply, browserId, client, request, done.scopes))
  } catch (error) {
    if (!(error instanceof OAuthError) || error.status !== 400) throw error
    return refusal(ctx, httpRequest, reply, request, error)
  }
}

// A client that sends people straight back would turn them in circles without end; a page with a button stops that.
const SILENT_WINDOW_SECONDS = 10
const SILENT_ANSWERS = 5

async function isRunningInCircles(ctx: Context, browserId: string | undefined, clientId: string): Promise<boolean> {
  if (browserId === undefined) return false
  const key = `silent/${browserId}/${clientId}`
  const { count } = await countAttempt(ctx, key, SILENT_WINDOW_SECONDS)
  if (count > SILENT_ANSWERS) await clearAttempts(ctx, key)
  return count > SILENT_ANSWERS
}

async function start(ctx: Context, httpRequest: FastifyRequest, reply: FastifyReply, accepted: AcceptedRequest): Promise<FastifyReply> {
  const { client, request } = accepted
  const { uiLocales } = request
  const name = clientName(client, requestLocale(httpRequest, uiLocales))
  const browser = await readBrowser(ctx, httpRequest)
  const { browserId } = browser
  const next = nextStep(await readJourney(ctx, { ...browser, request, client, interaction: undefined }))
  if (next.kind === 'refused') return leave(httpRequest, reply, await refusal(ctx, httpRequest, reply, request, next.error), name, { uiLocales, direct: true })
  if (next.kind === 'done') {
    if (!request.prompt.includes('none') && (await isRunningInCircles(ctx, browserId, client.clientId))) return page(reply, httpRequest, 'too-many-attempts', { clientName: name, continueHref: httpRequest.url }, { status: 429, uiLocales })
    return leave(httpRequest, reply, await authorizationAnswer(ctx, client, request, next, await tellSessionState(ctx, reply, browserId, client, request, next.scopes)), name, { uiLocales, direct: true })
  }
  const interaction = await createInteraction(ctx, await ensureBrowser(ctx, reply, browserId), client.key, request)
  return goTo(reply, startOf(interaction, next.step.name, browserId === undefined))
}

// A form posted from the client's site comes without our cookies (SameSite=Lax): the request is kept and read again on the GET that follows.
async function startFromPost(ctx: Context, httpRequest: FastifyRequest, reply: FastifyReply, accepted: AcceptedRequest): Promise<FastifyReply> {
  const { browserId } = await readBrowser(ctx, httpRequest)
  const unbound = browserId ?? '00000000-0000-0000-0000-000000000000'
  const interaction = await createInteraction(ctx, unbound, accepted.client.key, accepted.request)
  return goTo(reply, startOf(interaction, undefined, false))
}

async function receive(ctx: Context, httpRequest: FastifyRequest, reply: FastifyReply, form: Form): Promise<FastifyReply> {
  const checked = await checkAuthorizationRequest(ctx, form, 'authorization')
  if (checked.kind === 'accepted') {
    warnOfRequest(ctx, httpRequest, checked)
    try {
      return await (httpRequest.method === 'POST' ? startFromPost(ctx, httpRequest, reply, checked) : start(ctx, httpRequest, reply, checked))
    } catch (error) {
      // Ours to answer for, and we know where the answer goes: the client learns of it (RFC 6749 §4.1.2.1).
      return leave(httpRequest, reply, await refusal(ctx, httpRequest, reply, checked.request, toOAuthError(error)), clientName(checked.client, requestLocale(httpRequest)), { direct: true })
    }
  }
  const reference = newReference()
  void reply.header('x-request-id', reference)
  logRefusal(ctx, checked.error, httpRequest, reference, checked.client.clientId)
  return leave(httpRequest, reply, await answerError(ctx, checked.redirect, checked.error, diagnosisAddress(ctx.config.issuer, reference)), clientName(checked.client, requestLocale(httpRequest)), { direct: true })
}

/** What the page may say of a client whose request cannot be answered: its home and its name, never its registered addresses. */
async function pageForRefused(ctx: Context, error: unknown, httpRequest: FastifyRequest, reply: FastifyReply, form: Form): Promise<FastifyReply> {
  const clientId = form.single.get('client_id')
  const client = error instanceof OAuthError && error.reason?.startsWith('redirect_uri') === true ? await findClient(ctx, clientId ?? '') : undefined
  if (client === undefined) return presentPageError(ctx, error, httpRequest, reply, { clientId: clientId?.slice(0, 200) })
  const asked = form.single.get('redirect_uri')
  const host = asked !== undefined && canParseUrl(asked) ? new URL(asked).host : 'none'
  return presentPageError(ctx, error, httpRequest, reply, {
    clientId: client.clientId,
    clientName: clientName(client, requestLocale(httpRequest)),
    homeHref: client.metadata.client_uri,
    description: `Requested host: ${host.slice(0, 200)}. Registered addresses: ${client.metadata.redirect_uris.length}.`,
  })
}

async function answer(ctx: Context, httpRequest: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = httpRequest.method === 'POST' ? anyBodyForm(httpRequest) : anyQueryForm(httpRequest)
  try {
    return await receive(ctx, httpRequest, reply, form)
  } catch (error) {
    return pageForRefused(ctx, error, httpRequest, reply, form)
  }
}

/** Where a journey for another device ends is a page of ours. */
function pathOf(departure: Departure): string {
  const { pathname, search } = new URL(departure.kind === 'address' ? departure.url : departure.action)
  return pathname + search
}

export const authorize: Endpoint = {
  name: 'authorization',
  answers: 'people',
  register: (app: FastifyInstance, ctx) => {
    app.get(PATH, (request, reply) => answer(ctx, request, reply))
    app.post(PATH, (request, reply) => answer(ctx, request, reply))
    refuseOtherMethods(app, PATH, ['GET', 'POST'])
    registerSignin(app, ctx, {
      finish: async (request, reply, visit, done) => {
        const { interaction, journey } = visit
        if (journey.request.decoupled !== undefined) return goTo(reply, pathOf(await keepAnswer(ctx, interaction, await approveDecoupled(ctx, journey.client, journey.request, done, (decided) => tellClient(ctx, decided)))))
        const departure = await keepAnswer(ctx, interaction, await answerOrRefusal(ctx, request, reply, visit, done))
        return leave(request, reply, departure, clientName(journey.client, requestLocale(request)), { uiLocales: journey.request.uiLocales, shownAt: answerOf(interaction) })
      },
      refuse: async (request, reply, { interaction, journey }, error) => {
        if (journey.request.decoupled !== undefined) return goTo(reply, pathOf(await keepAnswer(ctx, interaction, await denyDecoupled(ctx, journey.client, journey.request, error, (decided) => tellClient(ctx, decided)))))
        const departure = await keepAnswer(ctx, interaction, await refusal(ctx, request, reply, journey.request, error))
        return leave(request, reply, departure, clientName(journey.client, requestLocale(request)), { uiLocales: journey.request.uiLocales, shownAt: answerOf(interaction) })
      },
    })
  },
  metadata: (issuer, config) => ({
    authorization_endpoint: `${issuer}${PATH}`,
    response_types_supported: responseTypes.map(({ type }) => type),
    response_modes_supported: [...responseModes.map(({ name }) => name), SIGNED],
    authorization_signing_alg_values_supported: signingAlgorithms,
    authorization_encryption_alg_values_supported: encryptionAlgorithms,
    authorization_encryption_enc_values_supported: contentEncryptions,
    code_challenge_methods_supported: codeChallengeMethods,
    prompt_values_supported: promptValues,
    acr_values_supported: acrValues,
    display_values_supported: ['page', 'popup', 'touch'],
    ui_locales_supported: ['en', 'nb', 'nn', 'fi', 'sv'],
    claim_types_supported: ['normal'],
    claims_parameter_supported: true,
    request_parameter_supported: true,
    request_uri_parameter_supported: config.fetchRequestUris,
    require_request_uri_registration: true,
    require_signed_request_object: false,
    request_object_signing_alg_values_supported: requestObjectAlgorithms(undefined),
    authorization_response_iss_parameter_supported: true,
    ...(config.clientDocuments === 'off' ? {} : { client_id_metadata_document_supported: true }),
  }),
}
