import { z } from 'zod'
import { isPublic, mayUseGrant } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { text } from '../protocol/fields.ts'
import { drawSecret, readToken, tokenText } from '../lib/opaque-token.ts'
import { invalidGrant, invalidTarget, type OAuthError } from '../protocol/error.ts'
import { challengeOf } from '../protocol/pkce.ts'
import { malformedVerifier } from '../protocol/pkce-findings.ts'
import type { Trace } from '../protocol/trace.ts'
import { detailsColumn, joinList } from '../tokens/authorization.ts'
import { type CodeExplanation, type CodeFault, type CodeRedemption, explainCode, readCodeDetails, redeemCode } from '../tokens/authorization-codes.ts'
import { revokeGrant } from '../tokens/grants.ts'
import { narrowedDetails, requireNarrower } from './narrower-details.ts'
import { confirmationText } from '../tokens/sender-constraint/constraint.ts'
import { codeTrace } from './code-findings.ts'
import { defineGrant, type GrantRequest } from './grant-type.ts'
import { settleManagedGrant } from './managed-grant.ts'

// The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.6).

const parameters = z.object({ code: text, redirect_uri: text.optional(), code_verifier: text.optional() })

const SENTENCES: Readonly<Record<CodeFault, string>> = {
  unknown: 'The code is not valid',
  client: 'The code is not valid',
  redirect_uri: 'The redirect_uri is not the one the code was asked with',
  pkce: 'The code_verifier does not fit the code',
  binding: 'The code is bound to another key',
  expired: 'The code has expired',
  audience: 'The resource was not part of the authorization request',
  replayed: 'The code was used before; everything that came from it is revoked',
  'not live': 'The sign-in that the code came from is over',
}

function refused(fault: CodeFault, trace: Trace): OAuthError {
  const options = { detail: `code.${fault}`, trace }
  return fault === 'audience' ? invalidTarget(SENTENCES[fault], options) : invalidGrant(SENTENCES[fault], options)
}

// In a statement of its own, after the one that did nothing: a revocation may not depend on what failed.
async function revokeReplayed(ctx: Context, clientId: string, { grantId, userId }: CodeExplanation): Promise<void> {
  if (grantId === undefined || userId === undefined) return
  await revokeGrant(ctx, grantId)
  ctx.audit.record({ event: 'code.replayed', userId, clientId })
}

function redemptionOf(request: GrantRequest<z.output<typeof parameters>>, refreshHash: Buffer | null): CodeRedemption {
  const code = readToken('ac', request.parameters.code)
  if (code === undefined) throw refused('unknown', { cause: 'code.unknown' })
  const { redirect_uri, code_verifier } = request.parameters
  const challenge = code_verifier === undefined ? undefined : challengeOf(code_verifier)
  if (code_verifier !== undefined && challenge === undefined) throw refused('pkce', { cause: 'pkce.mismatch', ...malformedVerifier(code_verifier) })
  return {
    codeId: code.id,
    codeHash: code.hash,
    clientKey: request.client.key,
    redirectUri: redirect_uri ?? null,
    codeChallenge: challenge ?? null,
    tokenId: request.access.id,
    tokenHash: request.access.hash,
    refreshHash,
    audience: joinList(request.resources),
    lifetime: request.lifetime,
    confirmation: confirmationText(request.confirmation),
    authorizationDetails: detailsColumn(request.authorizationDetails),
    grantConfirmation: isPublic(request.client) ? confirmationText(request.confirmation) : null,
  }
}

export const authorizationCode = defineGrant({
  type: 'authorization_code',
  parameters,
  publicClients: 'allowed',
  readsDetails: true,
  redeem: async (request, ctx) => {
    const refresh = mayUseGrant(request.client, 'refresh_token') ? drawSecret() : undefined
    const redemption = redemptionOf(request, refresh?.hash ?? null)
    if (request.authorizationDetails.length > 0) requireNarrower(request, await readCodeDetails(ctx, redemption))
    const redeemed = await redeemCode(ctx, redemption)
    if (redeemed === undefined) {
      const explanation = await explainCode(ctx, redemption)
      if (explanation.fault === 'replayed') await revokeReplayed(ctx, request.client.clientId, explanation)
      throw refused(explanation.fault, codeTrace(explanation, redemption, request.parameters.code_verifier))
    }
    const { grantId, scopes, audience, person } = redeemed
    await settleManagedGrant(ctx, request.client, redeemed)
    const refreshToken = refresh === undefined ? undefined : tokenText('rt', grantId, refresh.secret)
    return { kind: 'authorized', authorization: { scopes, audience, person, ...narrowedDetails(request) }, drawn: { access: request.access, refreshToken } }
  },
})
