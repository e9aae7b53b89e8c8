import type { FastifyReply, FastifyRequest } from 'fastify'
import { describeEvent, readFeed } from '../consents/events.ts'
import { webhookSecrets } from '../consents/webhook.ts'
import type { Context } from '../context.ts'
import { queryForm } from '../http/forms.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { invalidRequest, OAuthError } from '../protocol/error.ts'
import type { Form } from '../protocol/form.ts'
import { clientByKey } from './consent-answer.ts'
import { requireClientToken } from './consents.ts'
import type { Endpoint } from './endpoint.ts'

// The feed of a client's consents: everything that happened to them, in one order and without a hole, from any number on. Who has read up to
// a number has read everything up to it.

const PATH = '/api/consents/feed'
const WEBHOOK = '/api/consents/webhook'
const SCOPE = 'consent.events'
const USUAL_LIMIT = 100
const MOST = 1000

/** A whole number in the query. Throws `invalid_request`. */
function numberIn({ single }: Form, name: string, usual: number, most: number): number {
  const text = single.get(name)
  if (text === undefined) return usual
  const number = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > most) throw invalidRequest(`${name} is a number from 1 to ${most}`, { parameter: name })
  return number
}

/** A reader that was away for too long has missed something, and must not believe otherwise. */
function gone(first: number, last: number): OAuthError {
  return new OAuthError('events_gone', `Events before ${first} are not kept any more`, { status: 410, parameter: 'from_sequence', members: { first_sequence: first, last_sequence: last } })
}

/** Where the client's own events are sent to, and what it verifies them with. */
async function showWebhook(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { clientKey } = await requireClientToken(ctx, request, SCOPE)
  const uri = (await clientByKey(ctx, clientKey)).metadata.consent_webhook_uri
  if (uri === undefined) throw new OAuthError('not_found', 'The client has no consent_webhook_uri', { status: 404 })
  const [secret, ...former] = webhookSecrets(ctx, clientKey, uri)
  return sendJson(reply, { url: uri, secret, former_secrets: former })
}

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { clientKey, clientId } = await requireClientToken(ctx, request, SCOPE)
  const form = queryForm(request)
  const from = form.single.has('from_sequence') ? numberIn(form, 'from_sequence', 1, Number.MAX_SAFE_INTEGER) : undefined
  const { events, first, last } = await readFeed(ctx, clientKey, from, numberIn(form, 'limit', USUAL_LIMIT, MOST))
  if (from !== undefined && first !== undefined && from < first) throw gone(first, last ?? 0)
  return sendJson(reply, { first_sequence: first ?? null, last_sequence: last ?? null, events: events.map((event) => describeEvent(event, clientId)) })
}

export const consentFeed: Endpoint = {
  name: 'consent_feed',
  answers: 'machines',
  takesCertificates: true,
  register: (app, ctx) => {
    app.get(PATH, (request, reply) => answer(ctx, request, reply))
    app.get(WEBHOOK, (request, reply) => showWebhook(ctx, request, reply))
    refuseOtherMethods(app, PATH, ['GET'])
    refuseOtherMethods(app, WEBHOOK, ['GET'])
  },
  metadata: () => ({}),
}
