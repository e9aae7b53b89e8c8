import type { Context } from '../context.ts'
import { asciiDescription, type OAuthError } from '../protocol/error.ts'
import type { VerifiedRedirect } from './request.ts'
import { responseModes } from './response-modes/index.ts'
import type { Departure } from './response-modes/mode.ts'

function depart(ctx: Context, to: VerifiedRedirect, parameters: Readonly<Record<string, string>>): Departure {
  const mode = responseModes.find(({ name }) => name === to.responseMode)
  if (mode === undefined) throw new Error(`no response mode ${to.responseMode}`)
  // The issuer in every answer (RFC 9207): a client of several servers can tell which one speaks.
  return mode.depart(to.redirectUri, { ...parameters, ...(to.state === undefined ? {} : { state: to.state }), iss: ctx.config.issuer })
}

/** The good answer to a client, with `state` as it came and `iss`. */
export function answerSuccess(ctx: Context, to: VerifiedRedirect, parameters: Readonly<Record<string, string>>): Departure {
  return depart(ctx, to, parameters)
}

/** The refusal to a client (RFC 6749 §4.1.2.1). */
export function answerError(ctx: Context, to: VerifiedRedirect, error: OAuthError): Departure {
  return depart(ctx, to, { error: error.code, error_description: asciiDescription(error.description), ...(error.reason === undefined ? {} : { error_reason: error.reason }) })
}
