import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Client, clientName } from '../clients/client.ts'
import { hintedUserId } from '../clients/sector.ts'
import { findClient, findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { clearCookie } from '../http/cookies.ts'
import { formToken, requireOwnForm } from '../http/csrf.ts'
import { bodyForm, queryForm } from '../http/forms.ts'
import { goTo, leave } from '../http/leave.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { presentPageError } from '../http/page-errors.ts'
import { page, requestLocale } from '../http/pages.ts'
import { traceWarning } from '../http/trace-request.ts'
import { verifyOwn } from '../keys/verify.ts'
import type { Form } from '../protocol/form.ts'
import { ID_TOKEN_TYPE } from '../protocol/names.ts'
import { compareAddresses } from '../protocol/redirect-difference.ts'
import { forgetDevice } from '../sessions/devices.ts'
import { listParticipants } from '../sessions/participants.ts'
import type { Session } from '../sessions/session.ts'
import { endSession } from '../sessions/store.ts'
import { readBrowser, sessionsOf } from '../signin/browser.ts'
import { findUsers } from '../users/store.ts'
import { displayName } from '../users/user.ts'
import type { Endpoint } from './endpoint.ts'

// RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 §2). With an id token of ours nobody is asked; without one the person is,
// because any page on the web can send them here.

const PATH = '/oauth/logout'
const CONFIRM = `${PATH}/confirm`
const DONE = `${PATH}/done`
const FORGET = `${PATH}/forget`

interface LogoutRequest {
  readonly form: Form
  /** The person of a hint that we signed for this client; expired ones count. */
  readonly userId: string | undefined
  readonly client: Client | undefined
  /** Where to return to, when the client registered it to the letter. */
  readonly returnTo: string | undefined
  readonly returnRefused: boolean
  readonly uiLocales: string | undefined
}

async function readLogout(ctx: Context, form: Form): Promise<LogoutRequest> {
  const { single } = form
  const hint = single.get('id_token_hint')
  const claims = hint === undefined ? undefined : await verifyOwn(ctx.keyring, hint, ID_TOKEN_TYPE, ctx.config.issuer)
  const audience = typeof claims?.['aud'] === 'string' ? claims['aud'] : undefined
  const named = single.get('client_id')
  const agreed = named === undefined || audience === undefined || named === audience
  const userId = agreed && claims !== undefined ? await hintedUserId(ctx, claims) : undefined
  // A hint that we did not sign, or for another client, speaks for nobody: then nobody is sent anywhere.
  const trusted = agreed && (hint === undefined || claims !== undefined)
  const client = trusted ? await findClient(ctx, audience ?? named ?? '') : undefined
  const asked = single.get('post_logout_redirect_uri')
  const registered = asked !== undefined && client !== undefined && client.metadata.post_logout_redirect_uris.includes(asked)
  return { form, userId, client, returnTo: registered ? asked : undefined, returnRefused: asked !== undefined && !registered, uiLocales: single.get('ui_locales') }
}

/** The person is signed out all the same, and reads that they cannot go back; why, the client's developers find (O-05). */
function noteRefusedReturn(ctx: Context, request: FastifyRequest, { client, form, returnRefused }: LogoutRequest): void {
  const asked = form.single.get('post_logout_redirect_uri')
  if (!returnRefused || asked === undefined || client === undefined) return
  traceWarning(ctx, { cause: 'logout.redirect_uri', ...compareAddresses('post_logout_redirect_uri', asked, client.metadata.post_logout_redirect_uris) }, request, client.clientId)
}

function returnAddress(logout: LogoutRequest, returnTo: string): string {
  const state = logout.form.single.get('state')
  if (state === undefined) return returnTo
  return `${returnTo}${returnTo.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
}

function doneAddress({ client, returnRefused, uiLocales }: LogoutRequest): string {
  const facts = new URLSearchParams({ ...(client === undefined ? {} : { client_id: client.clientId }), ...(returnRefused ? { refused: '1' } : {}), ...(uiLocales === undefined ? {} : { ui_locales: uiLocales }) })
  return facts.size === 0 ? DONE : `${DONE}?${facts}`
}

/** After the sign-out: back to the client where that is allowed, else the page that says what is done. */
function away(request: FastifyRequest, reply: FastifyReply, logout: LogoutRequest, frames: readonly string[] = []): FastifyReply {
  const { client, returnTo, uiLocales } = logout
  if (frames.length > 0) return page(reply, request, 'signing-out', { frames, href: returnTo === undefined ? doneAddress(logout) : returnAddress(logout, returnTo) }, { uiLocales, frameSources: frames })
  if (returnTo !== undefined && client !== undefined) return leave(request, reply, { kind: 'address', url: returnAddress(logout, returnTo) }, clientName(client, requestLocale(request, uiLocales)), { uiLocales })
  return goTo(reply, doneAddress(logout))
}

/** Ends sessions. Returns the addresses to load in frames for the clients that want to hear of it in the browser. */
async function signOut(ctx: Context, browserId: string, sessions: readonly Session[]): Promise<readonly string[]> {
  const ended: string[] = []
  for (const session of sessions) {
    if (!(await endSession(ctx, browserId, session.sessionId))) continue
    ended.push(session.sessionId)
    ctx.audit.record({ event: 'logout', userId: session.userId })
  }
  return frontChannelAddresses(ctx, ended)
}

/** OpenID Connect Front-Channel Logout 1.0 §2: `iss` and `sid` as the id token said them. */
async function frontChannelAddresses(ctx: Context, sessionIds: readonly string[]): Promise<readonly string[]> {
  const participants = sessionIds.length === 0 ? [] : await listParticipants(ctx, sessionIds)
  const addresses = await Promise.all(
    participants.map(async ({ sessionId, clientKey }) => {
      const uri = (await findClientByKey(ctx, clientKey))?.metadata.frontchannel_logout_uri
      return uri && `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ iss: ctx.config.issuer, sid: sessionId })}`
    }),
  )
  return addresses.filter((address) => address !== undefined)
}

function subject(browserId: string): string {
  return `logout/${browserId}`
}

async function ask(ctx: Context, request: FastifyRequest, reply: FastifyReply, logout: LogoutRequest, browserId: string, sessions: readonly Session[]): Promise<FastifyReply> {
  const users = await findUsers(ctx.db, sessions.map((session) => session.userId))
  const query = request.raw.url?.split('?')[1]
  return page(
    reply,
    request,
    'logout',
    {
      clientName: logout.client && clientName(logout.client, requestLocale(request, logout.uiLocales)),
      accounts: users.map((user) => ({ name: displayName(user), address: user.claims.email ?? user.username })),
      action: query === undefined ? CONFIRM : `${CONFIRM}?${query}`,
      csrf: formToken(ctx, subject(browserId)),
    },
    { uiLocales: logout.uiLocales },
  )
}

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const logout = await readLogout(ctx, queryForm(request))
  noteRefusedReturn(ctx, request, logout)
  const browser = await readBrowser(ctx, request)
  const { browserId } = browser
  const sessions = await sessionsOf(ctx, browser)
  // Signed out already, here or by time: the way back all the same.
  if (browserId === undefined || sessions.length === 0) return away(request, reply, logout.userId === undefined ? { ...logout, returnTo: undefined } : logout)
  if (logout.userId === undefined) return ask(ctx, request, reply, logout, browserId, sessions)
  const frames = await signOut(ctx, browserId, sessions.filter((session) => session.userId === logout.userId))
  return away(request, reply, logout, frames)
}

// A form posted from the client's site comes without our cookies; the GET that follows has them.
function answerPost(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { single } = bodyForm(request)
  return goTo(reply, single.size === 0 ? PATH : `${PATH}?${new URLSearchParams([...single])}`)
}

async function confirm(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const logout = await readLogout(ctx, queryForm(request))
  const form = bodyForm(request)
  const browser = await readBrowser(ctx, request)
  const { browserId } = browser
  if (browserId === undefined) return goTo(reply, DONE)
  requireOwnForm(ctx, request, form, subject(browserId))
  if (form.single.get('decision') !== 'confirm') {
    const { client, uiLocales } = logout
    const home = client?.metadata.client_uri
    return client === undefined || home === undefined ? goTo(reply, '/') : leave(request, reply, { kind: 'address', url: home }, clientName(client, requestLocale(request, uiLocales)), { uiLocales })
  }
  return away(request, reply, logout, await signOut(ctx, browserId, await sessionsOf(ctx, browser)))
}

async function done(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { single } = queryForm(request)
  const uiLocales = single.get('ui_locales')
  const client = await findClient(ctx, single.get('client_id') ?? '')
  const { browserId, deviceId } = await readBrowser(ctx, request)
  const forgets = browserId !== undefined && deviceId !== undefined
  return page(
    reply,
    request,
    'logged-out',
    {
      rows: [{ name: ctx.config.serviceName, state: 'done' }],
      clientName: client && clientName(client, requestLocale(request, uiLocales)),
      backHref: client?.metadata.client_uri,
      returnRefused: single.has('refused'),
      forgotten: single.has('forgotten'),
      ...(forgets ? { forgetAction: FORGET, csrf: formToken(ctx, subject(browserId)) } : {}),
    },
    { uiLocales },
  )
}

async function forget(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { browserId, deviceId } = await readBrowser(ctx, request)
  if (browserId !== undefined && deviceId !== undefined) {
    requireOwnForm(ctx, request, bodyForm(request), subject(browserId))
    await forgetDevice(ctx, deviceId)
    clearCookie(reply, ctx.config, 'device')
  }
  return goTo(reply, `${DONE}?forgotten=1`)
}

/** The question once more, for a form that could not be taken. */
function askAgain(request: FastifyRequest): string {
  const query = request.raw.url?.split('?')[1]
  return query === undefined ? PATH : `${PATH}?${query}`
}

export const endSessionEndpoint: Endpoint = {
  name: 'end-session',
  answers: 'people',
  register: (app: FastifyInstance, ctx) => {
    app.get(PATH, (request, reply) => answer(ctx, request, reply))
    app.post(PATH, async (request, reply) => answerPost(request, reply))
    app.get(DONE, (request, reply) => done(ctx, request, reply))
    void app.register(async (scope) => {
      scope.setErrorHandler((error, request, reply) => presentPageError(ctx, error, request, reply, { restartHref: askAgain(request) }))
      scope.post(CONFIRM, (request, reply) => confirm(ctx, request, reply))
      scope.post(FORGET, (request, reply) => forget(ctx, request, reply))
    })
    refuseOtherMethods(app, PATH, ['GET', 'POST'])
  },
  metadata: (issuer) => ({ end_session_endpoint: `${issuer}${PATH}`, backchannel_logout_supported: true, backchannel_logout_session_supported: true, frontchannel_logout_supported: true, frontchannel_logout_session_supported: true }),
}
