import { requireAllowed } from '../../clients/profile-rules.ts'
import type { Context } from '../../context.ts'
import { invalidRequest } from '../../protocol/error.ts'
import { compareAddresses } from '../../protocol/redirect-difference.ts'
import { isRegisteredRedirect } from '../../protocol/redirect-uri.ts'
import { type VerifiedRedirect, verifyRedirect } from '../request.ts'
import { responseModes } from '../response-modes/index.ts'
import { mayAnswerIn, SIGNED, signedModeFor } from '../response-modes/jwt.ts'
import { findResponseType } from '../response-types.ts'
import { type Check, clientOf, type Draft, learn } from './check.ts'

const LONGEST_STATE = 4096

function requested(draft: Draft, ctx: Context): { readonly uri: string; readonly given: boolean } {
  const registered = clientOf(draft).metadata.redirect_uris
  const given = draft.form.single.get('redirect_uri')
  if (given !== undefined) {
    if (!isRegisteredRedirect(given, registered)) throw invalidRequest('The address to return to is not registered for this application', { parameter: 'redirect_uri', reason: 'redirect_uri_mismatch', trace: { cause: 'redirect_uri.mismatch', later: async () => compareAddresses('redirect_uri', given, registered) } })
    return { uri: given, given: true }
  }
  const missing = (): Error => invalidRequest('The request does not say where to return to', { parameter: 'redirect_uri', reason: 'redirect_uri_missing', trace: { cause: 'redirect_uri.missing', compared: [{ name: 'redirect_uri', expected: registered.slice(0, 5).join(' ') }] } })
  const openid = (draft.form.single.get('scope') ?? '').split(' ').includes('openid')
  const [only, another] = registered
  // OpenID Connect Core §3.1.2.1 requires it; plain OAuth may leave out the only one there is.
  if (only === undefined || another !== undefined || openid) throw missing()
  requireAllowed(ctx, clientOf(draft), { rule: 'redirect_uri', allows: ({ namedRedirect }) => !namedRedirect }, missing)
  return { uri: only, given: false }
}

/** An answer's way: the asked mode if we know it, else the response type's, else the query. What is wrong with them is said in that way. */
function provisionalMode(draft: Draft): string {
  const usual = findResponseType(draft.form.single.get('response_type') ?? '')?.mode ?? 'query'
  const asked = draft.form.single.get('response_mode')
  if (asked === SIGNED) return signedModeFor(usual)
  const mode = responseModes.find(({ name }) => name === asked)?.name ?? usual
  return mayAnswerIn(mode, usual) ? mode : usual
}

function redirectTo(draft: Draft, redirectUri: string): VerifiedRedirect {
  const { clientId, metadata } = clientOf(draft)
  return verifyRedirect({ redirectUri, responseMode: provisionalMode(draft), state: usableState(draft), clientId, signingAlg: metadata.authorization_signed_response_alg })
}

function usableState(draft: Draft): string | undefined {
  const state = draft.form.single.get('state')
  return state !== undefined && state.length <= LONGEST_STATE ? state : undefined
}

/** Exact match of bytes with a registered URI (RFC 9700 §4.1.3); only the port of a loopback address is free. Its failure is a page. */
export const checkRedirectUri: Check = (draft, ctx) => {
  const { uri, given } = requested(draft, ctx)
  const usable = usableState(draft)
  const redirect = redirectTo(draft, uri)
  return { ...learn(draft, { redirectUri: uri, redirectUriGiven: given, ...(usable === undefined ? {} : { state: usable }) }), redirect }
}

/** Where a refusal may go before the request itself could be read: an address that is registered to the letter, or none. */
export function outerRedirect(draft: Draft): VerifiedRedirect | undefined {
  const given = draft.form.single.get('redirect_uri')
  if (given === undefined || !isRegisteredRedirect(given, clientOf(draft).metadata.redirect_uris)) return undefined
  return redirectTo(draft, given)
}

export const checkStateLength: Check = (draft) => {
  if ((draft.form.single.get('state')?.length ?? 0) > LONGEST_STATE) throw invalidRequest('The state is too long', { parameter: 'state', trace: { cause: 'request.too_large', compared: [{ name: 'state (characters)', sent: String(draft.form.single.get('state')?.length), expected: `≤ ${LONGEST_STATE}` }] } })
  return draft
}
