import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuthorizationRequest } from '../authorization-request/request.ts'
import { isEnabled, clientName } from '../clients/client.ts'
import { findClient, findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { formToken, requireOwnForm } from '../http/csrf.ts'
import { bodyForm, queryForm } from '../http/forms.ts'
import { goTo } from '../http/leave.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { page, requestLocale } from '../http/pages.ts'
import type { DeviceModel } from '../http/device-views.ts'
import { countAttempts, takeBackAttempts } from '../signin/attempts.ts'
import { ensureBrowser, readBrowser } from '../signin/browser.ts'
import { startOf } from '../signin/routes.ts'
import { createInteraction } from '../signin/store.ts'
import { networkOf } from '../signin/throttle.ts'
import { type DecoupledRequest, findByUserCode } from '../tokens/decoupled-requests.ts'
import { readUserCode } from '../tokens/user-code.ts'
import { DEVICE_PAGE } from './device-authorization.ts'
import type { Endpoint } from './endpoint.ts'

// The pages where a person connects a device (RFC 8628 §3.3): the code, then an ordinary sign-in with a page that shows what asks. The way
// from a link to the answer always has a question in it: links with codes are sent to people who started nothing.

const WINDOW_SECONDS = 600
const PER_BROWSER = 5
const PER_NETWORK = 30
const CONNECTED = `${DEVICE_PAGE}/connected`
const REFUSED = `${DEVICE_PAGE}/refused`

/** Where a journey for another device ends: here, not at the client. */
export function decoupledEnd(clientId: string, connected: boolean): string {
  return `${connected ? CONNECTED : REFUSED}?${new URLSearchParams({ client_id: clientId })}`
}

/** The journey's request for what waits elsewhere. Nothing of it goes to a redirect URI. */
export function decoupledJourney(ctx: Context, clientId: string, waiting: DecoupledRequest, userCode: string | undefined): AuthorizationRequest {
  const { id, kind, scopes, audience, requestedFrom, requestedAt, bindingMessage, expectedUser, acrValues } = waiting
  return {
    clientId,
    redirectUri: `${ctx.config.issuer}${CONNECTED}`,
    redirectUriGiven: true,
    responseType: 'none',
    responseMode: 'query',
    scopes,
    resources: audience,
    prompt: [],
    acrValues,
    claims: {},
    ...(expectedUser === undefined ? {} : { hint: { sub: expectedUser } }),
    decoupled: { id, kind, requestedFrom, requestedAt: Math.floor(requestedAt.getTime() / 1000), ...(userCode === undefined ? {} : { userCode }), ...(bindingMessage === undefined ? {} : { bindingMessage }) },
  }
}

function subject(browserId: string): string {
  return `device/${browserId}`
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, more: Partial<DeviceModel> = {}, status = 200): Promise<FastifyReply> {
  const known = await readBrowser(ctx, request)
  const browserId = await ensureBrowser(ctx, reply, known.browserId)
  const prefilled = readUserCode(queryForm(request).single.get('user_code') ?? '')
  return page(reply, request, 'device', { action: DEVICE_PAGE, csrf: formToken(ctx, subject(browserId)), userCode: prefilled ?? '', ...more }, { status })
}

/** Counted before the code is looked at: a browser's few tries, and its network's. Says until when no more are taken. */
async function throttle(ctx: Context, browserId: string, network: string): Promise<Date | undefined> {
  const [own, net] = await countAttempts(ctx, [`device/browser/${browserId}`, `device/network/${network}`], WINDOW_SECONDS)
  if (own.count > PER_BROWSER) return own.until
  return net.count > PER_NETWORK ? net.until : undefined
}

async function receive(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = bodyForm(request)
  const { browserId } = await readBrowser(ctx, request)
  if (browserId === undefined) return goTo(reply, DEVICE_PAGE)
  requireOwnForm(ctx, request, form, subject(browserId))
  const typed = form.single.get('user_code') ?? ''
  const network = networkOf(request.ip)
  const until = await throttle(ctx, browserId, network)
  if (until !== undefined) {
    void reply.header('retry-after', String(Math.max(1, Math.ceil((until.getTime() - ctx.clock.now()) / 1000))))
    return show(ctx, request, reply, { userCode: typed.slice(0, 100), error: 'throttled', until }, 429)
  }
  const userCode = readUserCode(typed)
  const waiting = userCode === undefined ? undefined : await findByUserCode(ctx, userCode)
  const client = waiting && (await findClientByKey(ctx, waiting.clientKey))
  if (userCode === undefined || waiting === undefined || client === undefined || !isEnabled(client)) return show(ctx, request, reply, { userCode: typed.slice(0, 100), error: 'unknown' }, 400)
  if (waiting.state !== 'pending') return show(ctx, request, reply, { userCode: typed.slice(0, 100), error: waiting.state === 'expired' ? 'expired' : 'used' }, 400)
  await takeBackAttempts(ctx, [`device/browser/${browserId}`, `device/network/${network}`])
  const interaction = await createInteraction(ctx, browserId, client.key, decoupledJourney(ctx, client.clientId, waiting, userCode))
  return goTo(reply, startOf(interaction, undefined, false))
}

async function over(ctx: Context, request: FastifyRequest, reply: FastifyReply, connected: boolean): Promise<FastifyReply> {
  const client = await findClient(ctx, queryForm(request).single.get('client_id') ?? '')
  return page(reply, request, 'device-done', { connected, clientName: client && clientName(client, requestLocale(request)), accountHref: '/account/applications' })
}

export const deviceVerification: Endpoint = {
  name: 'device_verification',
  answers: 'people',
  register: (app: FastifyInstance, ctx) => {
    app.get(DEVICE_PAGE, (request, reply) => show(ctx, request, reply))
    app.post(DEVICE_PAGE, (request, reply) => receive(ctx, request, reply))
    app.get(CONNECTED, (request, reply) => over(ctx, request, reply, true))
    app.get(REFUSED, (request, reply) => over(ctx, request, reply, false))
    refuseOtherMethods(app, DEVICE_PAGE, ['GET', 'POST'])
  },
  metadata: () => ({}),
}
