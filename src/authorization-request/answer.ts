import { hasSwitch } from '../clients/client.ts'
import { encryptFor } from '../clients/encryption.ts'
import { findClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { epochSeconds } from '../lib/clock.ts'
import { isSigningAlgorithm } from '../keys/signing-key.ts'
import { asciiDescription, type OAuthError } from '../protocol/error.ts'
import { AUTHORIZATION_RESPONSE_TYPE } from '../protocol/names.ts'
import type { VerifiedRedirect } from './request.ts'
import { responseModes } from './response-modes/index.ts'
import type { Departure } from './response-modes/mode.ts'

type Parameters = Readonly<Record<string, string>>

/** Seconds. An answer is read at once. */
const SIGNED_LIFETIME_SECONDS = 300

async function sign(ctx: Context, { clientId, signingAlg }: VerifiedRedirect, parameters: Parameters): Promise<string> {
  const now = epochSeconds(ctx.clock)
  const jwt = await ctx.keyring.sign(isSigningAlgorithm(signingAlg) ? signingAlg : 'RS256', AUTHORIZATION_RESPONSE_TYPE, { ...parameters, iss: ctx.config.issuer, aud: clientId, exp: now + SIGNED_LIFETIME_SECONDS, iat: now })
  const client = await findClient(ctx, clientId)
  return client === undefined ? jwt : encryptFor(ctx, client, 'authorization', jwt)
}

async function depart(ctx: Context, to: VerifiedRedirect, parameters: Parameters): Promise<Departure> {
  const mode = responseModes.find(({ name }) => name === to.responseMode)
  if (mode === undefined) throw new Error(`no response mode ${to.responseMode}`)
  const answer = { ...parameters, ...(to.state === undefined ? {} : { state: to.state }) }
  // The issuer in every answer (RFC 9207): a client of several servers can tell which one speaks. In a signed one it is a claim already.
  return mode.depart(to.redirectUri, mode.signs === true ? { response: await sign(ctx, to, answer) } : { ...answer, iss: ctx.config.issuer })
}

/** The good answer to a client, with `state` as it came and `iss`. */
export function answerSuccess(ctx: Context, to: VerifiedRedirect, parameters: Parameters): Promise<Departure> {
  return depart(ctx, to, parameters)
}

/** What a client with the switch `specific_error_codes` is told instead of the registered code. */
function specificCode({ code, reason }: OAuthError): string | undefined {
  if (code === 'access_denied') return reason
  return code === 'invalid_scope' ? 'invalid_scopes' : undefined
}

/** The refusal to a client (RFC 6749 §4.1.2.1): the registered code with the finer reason beside it, or in its place for a client that knows no other. `errorUri`: where its developers read why. */
export async function answerError(ctx: Context, to: VerifiedRedirect, error: OAuthError, errorUri?: string): Promise<Departure> {
  const client = await findClient(ctx, to.clientId)
  const specific = client !== undefined && hasSwitch(client, 'specific_error_codes') ? specificCode(error) : undefined
  const reason = specific === undefined && error.reason !== undefined ? { error_reason: error.reason } : {}
  return depart(ctx, to, { error: specific ?? error.code, error_description: asciiDescription(error.description), ...reason, ...(errorUri === undefined ? {} : { error_uri: errorUri }) })
}
