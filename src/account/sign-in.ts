import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { queryForm } from '../http/forms.ts'
import { goTo } from '../http/leave.ts'
import { hmacSha256 } from '../lib/digest.ts'
import { readToken } from '../lib/opaque-token.ts'
import { randomBytes } from '../lib/random.ts'
import type { Form } from '../protocol/form.ts'
import { ACR_TWO_FACTORS } from '../protocol/acr.ts'
import { challengeOf } from '../protocol/pkce.ts'
import { setAccountSession } from '../sessions/browsers.ts'
import { ensureBrowser, readBrowser, sessionsOf } from '../signin/browser.ts'
import { createInteraction, updateProgress } from '../signin/store.ts'
import { AFTER_FORM } from '../signin/steps/step.ts'
import { takeOwnCode } from '../tokens/authorization-codes.ts'
import { accountClient, SIGNED_IN } from './account-client.ts'
import { returnAddress } from './return-address.ts'

// Owns the way to the sign-in and back. The account pages have no session of their own: what comes back only tells which of the browser's
// sessions they are about. `state` is sealed for the browser that left, so that nobody can be made to look at somebody else's account.

export interface Asking {
  /** Where to come back to. */
  readonly to: string
  /** `login` to sign in again, `select_account` to choose among several. */
  readonly prompt?: 'login' | 'select_account'
  /** Whom to suggest. */
  readonly userId?: string
  /** Only the second factor, on top of the sign-in there is. */
  readonly lift?: boolean
}

function verifierOf(ctx: Context, state: string): string {
  return hmacSha256(ctx.sealing.macKey('account-verifier'), state).toString('base64url')
}

function sealState(ctx: Context, browserId: string, to: string): string {
  const kept = JSON.stringify({ to, nonce: randomBytes(16).toString('base64url') })
  return ctx.sealing.seal('account-return', Buffer.from(kept), browserId).toString('base64url')
}

/** Where the browser that left with this state wanted to; nothing when it was another one. */
function openState(ctx: Context, browserId: string, state: string): string | undefined {
  const plain = ctx.sealing.unseal('account-return', Buffer.from(state, 'base64url'), browserId)
  return plain && (JSON.parse(plain.toString('utf8')) as { readonly to: string }).to
}

/** Sends a browser to sign in at one provider, as whoever it is there, and come back: the accounts that are signed in here stay so. */
export async function leaveForProvider(ctx: Context, reply: FastifyReply, browserId: string, asking: { readonly to: string; readonly providerId: string }): Promise<FastifyReply> {
  const { clientId, key } = await accountClient(ctx)
  const state = sealState(ctx, browserId, returnAddress(asking.to))
  const interaction = await createInteraction(ctx, browserId, key, {
    clientId,
    redirectUri: `${ctx.config.issuer}${SIGNED_IN}`,
    redirectUriGiven: true,
    responseType: 'code',
    responseMode: 'query',
    state,
    scopes: ['openid'],
    codeChallenge: challengeOf(verifierOf(ctx, state)) ?? '',
    resources: [],
    prompt: ['login'],
    acrValues: [],
    claims: {},
  })
  await updateProgress(ctx, interaction.id, { other: true })
  return goTo(reply, `/signin/${interaction.id}/login?${new URLSearchParams({ provider: asking.providerId, [AFTER_FORM]: '1' })}`)
}

/** Sends a browser to sign in and come back. */
export async function leaveForSignIn(ctx: Context, request: FastifyRequest, reply: FastifyReply, asking: Asking): Promise<FastifyReply> {
  const { browserId } = await readBrowser(ctx, request)
  const { clientId } = await accountClient(ctx)
  const state = sealState(ctx, await ensureBrowser(ctx, reply, browserId), returnAddress(asking.to))
  const parameters = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: `${ctx.config.issuer}${SIGNED_IN}`,
    scope: 'openid',
    state,
    code_challenge: challengeOf(verifierOf(ctx, state)) ?? '',
    code_challenge_method: 'S256',
    ...(asking.prompt === undefined ? {} : { prompt: asking.prompt }),
    ...(asking.userId === undefined ? {} : { login_hint: asking.userId }),
    ...(asking.lift === true ? { acr_values: ACR_TWO_FACTORS } : {}),
  })
  return goTo(reply, `/oauth/authorization?${parameters}`)
}

/** The session that an answer of our own server stands for, if this browser left for it and has it. */
async function sessionOf(ctx: Context, request: FastifyRequest, form: Form, state: string): Promise<string | undefined> {
  const code = readToken('ac', form.single.get('code') ?? '')
  const codeChallenge = challengeOf(verifierOf(ctx, state)) ?? ''
  const { key } = await accountClient(ctx)
  const taken = code && (await takeOwnCode(ctx, { codeId: code.id, codeHash: code.hash, clientKey: key, codeChallenge }))
  if (taken === undefined) return undefined
  const own = await sessionsOf(ctx, await readBrowser(ctx, request))
  return own.find(({ sessionId }) => sessionId === taken.sessionId)?.sessionId
}

async function comeBack(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = queryForm(request)
  const { browserId } = await readBrowser(ctx, request)
  const state = form.single.get('state') ?? ''
  const to = browserId === undefined ? undefined : openState(ctx, browserId, state)
  // Cancelled: not into the next round.
  if (form.single.has('error')) return goTo(reply, '/')
  if (browserId === undefined || to === undefined) return goTo(reply, '/account')
  const sessionId = await sessionOf(ctx, request, form, state)
  if (sessionId !== undefined) await setAccountSession(ctx, browserId, sessionId)
  return goTo(reply, to)
}

/** The addresses on the way: `sign-in` again with `to`, `switch` to another account, and the way back. None of them changes anything for anybody who did not sign in. */
export function signInPages(app: FastifyInstance, ctx: Context): void {
  app.get('/account/sign-in', async (request, reply) => {
    const { single } = queryForm(request)
    const userId = single.get('user')
    return leaveForSignIn(ctx, request, reply, { to: single.get('to') ?? '', ...(userId === undefined ? {} : single.has('lift') ? { userId, lift: true } : { userId, prompt: 'login' }) })
  })
  app.get('/account/switch', (request, reply) => leaveForSignIn(ctx, request, reply, { to: queryForm(request).single.get('to') ?? '', prompt: 'select_account' }))
  app.get(SIGNED_IN, (request, reply) => comeBack(ctx, request, reply))
}
