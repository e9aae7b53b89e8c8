import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { findApiByAudience, isAnySwitchedOff } from '../apis/store.ts'
import { isPublic, type Client } from '../clients/client.ts'
import { profileOf } from '../clients/profile-rules.ts'
import type { Context } from '../context.ts'
import { drawSecret, type PresentedToken, readToken, tokenText } from '../lib/opaque-token.ts'
import { invalidGrant, invalidScope, invalidTarget, type OAuthError } from '../protocol/error.ts'
import { text } from '../protocol/fields.ts'
import type { Compared, Hint, Trace } from '../protocol/trace.ts'
import { beyond } from '../protocol/scope.ts'
import { type Authorization, detailsColumn, joinList, splitList } from '../tokens/authorization.ts'
import { type GrantState, readGrant, REFRESH_REPLAY_SECONDS, revokeGrant, rotateRefreshToken, settleAnswer } from '../tokens/grants.ts'
import { maySign, type TokenResponse } from '../tokens/issue.ts'
import { openAnswer, sealAnswer } from '../tokens/refresh-answer.ts'
import { confirmationText } from '../tokens/sender-constraint/constraint.ts'
import { narrowedDetails, requireNarrower } from './narrower-details.ts'
import { defineGrant, type GrantRequest, type Redemption } from './grant-type.ts'

// The refresh token grant (RFC 6749 §6) with rotation (RFC 9700 §4.14). The same token from the same client within 30 seconds gets the
// same answer byte for byte: two workers that race, or a client whose answer was lost on the way, keep their session. Used again later,
// the token was stolen or copied, and the whole family dies.

type Request = GrantRequest<{ refresh_token: string }>

const refused = (detail: string, trace: Trace): OAuthError => invalidGrant('The refresh token is not valid', { detail, trace })

function ageOf(state: GrantState): readonly Compared[] {
  return state.sinceRefreshSeconds === undefined ? [] : [{ name: 'refresh_token: replaced before (s)', sent: String(state.sinceRefreshSeconds), expected: `≤ ${REFRESH_REPLAY_SECONDS}` }]
}

function endOf(state: GrantState): readonly Hint[] {
  return state.revokedAt === undefined ? [{ name: 'person_gone' }] : [{ name: 'revoked_by_grant', values: { time: state.revokedAt.toISOString() } }]
}

function rotates(client: Client): boolean {
  return isPublic(client) || profileOf(client).rotates === 'everybody'
}

async function rotate(request: Request, ctx: Context, presented: PresentedToken): Promise<Redemption | undefined> {
  const next = rotates(request.client) ? drawSecret() : presented
  const refreshToken = tokenText('rt', presented.id, next.secret)
  const kept = { drawn: { id: request.access.id, access: request.access.text, refresh: refreshToken, scope: joinList(request.scopes), ...narrowedDetails(request) } }
  const rotated = await rotateRefreshToken(ctx, {
    grantId: presented.id,
    clientKey: request.client.key,
    presentedHash: presented.hash,
    nextHash: next.hash,
    tokenId: request.access.id,
    tokenHash: request.access.hash,
    scope: joinList(request.scopes),
    audience: joinList(request.resources),
    lifetime: request.lifetime,
    confirmation: confirmationText(request.confirmation),
    authorizationDetails: detailsColumn(request.authorizationDetails),
    sealedAnswer: sealAnswer(presented.secret, presented.id, kept),
  })
  if (rotated === undefined) return undefined
  return {
    kind: 'authorized',
    authorization: { ...rotated, ...narrowedDetails(request) },
    drawn: { access: request.access, refreshToken },
    settle: async (response) => {
      await settleAnswer(ctx, { grantId: presented.id, refreshHash: next.hash, sealedAnswer: sealAnswer(presented.secret, presented.id, { response }) })
      return response
    },
  }
}

const WAIT_MS = 25
const LONGEST_WAIT_MS = 2000

/** The generation before, within its window: the finished answer, waited for while the first request still signs it. */
async function answerAgain(request: Request, ctx: Context, presented: PresentedToken, state: GrantState): Promise<Redemption> {
  let current: GrantState | undefined = state
  for (let waited = 0; current !== undefined; waited += WAIT_MS) {
    const answer = openAnswer(presented.secret, presented.id, current.sealedAnswer)
    if (!current.isReplayable || !current.isLive || answer === undefined) break
    if ('response' in answer) return { kind: 'answered', response: answer.response }
    const scopes = answer.drawn.scope === null ? current.scopes : splitList(answer.drawn.scope)
    const authorization: Authorization = { scopes, audience: current.audience, person: current.person, authorizationDetails: answer.drawn.authorizationDetails }
    const drawn = { access: { id: answer.drawn.id, text: answer.drawn.access }, refreshToken: answer.drawn.refresh }
    const signed = maySign(authorization)
    // Nothing was sent before it was kept: whoever finds the answer unfinished for so long finishes it in place of a process that died.
    if (!signed || waited >= LONGEST_WAIT_MS) return { kind: 'authorized', authorization, drawn, ...(signed && { settle: (response: TokenResponse) => keep(ctx, presented, current?.refreshHash, response) }) }
    await wait(WAIT_MS)
    current = await readGrant(ctx, presented.id, request.client.key, presented.hash)
  }
  throw refused('refresh.expired', { cause: 'refresh.ended', hints: endOf(state) })
}

async function keep(ctx: Context, presented: PresentedToken, refreshHash: Buffer | undefined, response: TokenResponse): Promise<TokenResponse> {
  if (refreshHash !== undefined) await settleAnswer(ctx, { grantId: presented.id, refreshHash, sealedAnswer: sealAnswer(presented.secret, presented.id, { response }) })
  return response
}

/** A token of this family that is neither this generation nor the one before in its window: somebody has a copy. */
async function reused(ctx: Context, client: Client, grantId: string, state: GrantState): Promise<OAuthError> {
  if (await revokeGrant(ctx, grantId)) ctx.audit.record({ event: 'refresh.reuse', userId: state.userId, clientId: client.clientId })
  const trace: Trace = { cause: 'refresh.reused', compared: ageOf(state), hints: [...(state.refreshedAt === undefined ? [] : [{ name: 'first_used', values: { time: state.refreshedAt.toISOString() } }]), { name: 'all_revoked' }, { name: 'two_workers' }] }
  return invalidGrant(`The refresh token was used more than ${REFRESH_REPLAY_SECONDS} seconds ago; everything that came from it is revoked`, { detail: 'refresh.reused', trace })
}

/** A bound token in other hands is a stolen one; it neither gets an answer nor ends its owner's family. */
function isHolder(request: Request, { confirmation }: GrantState): boolean {
  return confirmation === undefined || confirmation === confirmationText(request.confirmation)
}

function whyNotRotated(request: Request, state: GrantState): OAuthError {
  if (!state.isLive) return refused('refresh.not_live', { cause: 'refresh.ended', hints: endOf(state) })
  if (!isHolder(request, state)) return refused('refresh.binding', { cause: 'refresh.binding', compared: [{ name: 'cnf', sent: confirmationText(request.confirmation) ?? undefined, expected: state.confirmation }] })
  if (beyond(request.scopes, state.scopes).length > 0) return invalidScope('The scope is wider than what was granted', { trace: { cause: 'scope.wider', compared: [{ name: 'scope', sent: request.scopes.join(' '), expected: state.scopes.join(' ') }] } })
  if (state.audience.length > 0 && beyond(request.resources, state.audience).length > 0) return invalidTarget('The resource was not part of the grant', { trace: { cause: 'resource.wider', compared: [{ name: 'resource', sent: request.resources.join(' '), expected: state.audience.join(' ') }] } })
  return refused('refresh.raced', { cause: 'refresh.reused', hints: [{ name: 'two_workers' }] })
}

/** A token of another generation for an API that is switched off would be nobody's: its holder keeps the one there is, for when the API is back. */
async function requireServed(ctx: Context, { client }: Request, presented: PresentedToken): Promise<void> {
  if (!(await isAnySwitchedOff(ctx))) return
  const { audience = [] } = (await readGrant(ctx, presented.id, client.key, presented.hash)) ?? {}
  const found = await Promise.all(audience.map((one) => findApiByAudience(ctx, one)))
  if (found.includes(undefined)) throw invalidTarget('The resource is not known here', { trace: { cause: 'resource.unknown', compared: [{ name: 'resource', sent: audience.join(' ') }] } })
}

export const refreshToken = defineGrant({
  type: 'refresh_token',
  parameters: z.object({ refresh_token: text }),
  publicClients: 'allowed',
  readsDetails: true,
  redeem: async (request, ctx) => {
    const presented = readToken('rt', request.parameters.refresh_token)
    if (presented === undefined) throw refused('refresh.unknown', { cause: 'refresh.unknown' })
    if (request.authorizationDetails.length > 0) requireNarrower(request, (await readGrant(ctx, presented.id, request.client.key, presented.hash))?.person.details)
    await requireServed(ctx, request, presented)
    const rotated = await rotate(request, ctx, presented)
    if (rotated !== undefined) return rotated
    const state = await readGrant(ctx, presented.id, request.client.key, presented.hash)
    if (state === undefined) throw refused('refresh.unknown', { cause: 'refresh.unknown' })
    if (state.isCurrent || !isHolder(request, state)) throw whyNotRotated(request, state)
    if (state.isReplayable) return answerAgain(request, ctx, presented, state)
    throw await reused(ctx, request.client, presented.id, state)
  },
})
