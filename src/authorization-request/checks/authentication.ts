import { userIdOf } from '../../clients/sector.ts'
import { invalidRequest } from '../../protocol/error.ts'
import { parseClaimsRequest, wishedSubjects } from '../../protocol/claims-request.ts'
import { parsePrompt } from '../../protocol/prompt.ts'
import { claimsWithin, scopesOfClaims } from '../../users/claims.ts'
import { type Check, clientOf, learn } from './check.ts'

// What OpenID Connect Core §3.1.2.1 lets a client ask about the sign-in.

export const checkPrompt: Check = (draft) => learn(draft, { prompt: parsePrompt(draft.form.single.get('prompt')) })

const SECONDS = /^\d{1,9}$/

export const checkMaxAge: Check = (draft) => {
  const text = draft.form.single.get('max_age')
  if (text !== undefined && !SECONDS.test(text)) throw invalidRequest('max_age is not a number of seconds', { parameter: 'max_age' })
  const maxAge = text === undefined ? clientOf(draft).metadata.default_max_age : Number(text)
  return maxAge === undefined ? draft : learn(draft, { maxAge })
}

/** Claims by name (Core §5.5). Those of a scope that the client did not register are not for it, whatever it calls them. */
export const checkClaims: Check = (draft) => {
  const { scopes: registered } = clientOf(draft)
  const claims = claimsWithin(parseClaimsRequest(draft.form.single.get('claims')), registered)
  const { scopes = [] } = draft.request
  const claimScopes = scopesOfClaims(claims).filter((scope) => !scopes.includes(scope))
  return learn(draft, { claims, ...(claimScopes.length > 0 && { claimScopes }) })
}

/** `sub` with a value (Core §5.5.1): only that person will do, as with an id_token_hint. */
export const checkExpectedUsers: Check = (draft, ctx) => {
  const subjects = wishedSubjects(draft.request.claims ?? {})
  if (subjects === undefined) return draft
  const expectedUsers = subjects.map((subject) => userIdOf(ctx, clientOf(draft), subject))
  const [only, another] = expectedUsers
  const { hint } = draft.request
  if (only === undefined || (hint !== undefined && !expectedUsers.includes(hint.sub))) throw invalidRequest('The claims parameter asks for nobody who could sign in', { parameter: 'claims' })
  return learn(draft, { expectedUsers, ...(hint === undefined && another === undefined && { hint: { sub: only } }) })
}

const LONGEST_HINT = 1000

/** Hints and preferences: none of them can fail a request, and what is too long is nobody's preference. */
export const checkPreferences: Check = (draft, ctx) => {
  const preference = (name: string): string | undefined => {
    const value = draft.form.single.get(name)
    return value !== undefined && value.length <= LONGEST_HINT ? value : undefined
  }
  const loginHint = preference('login_hint')
  const hintedUserId = loginHint === undefined ? undefined : userIdOf(ctx, clientOf(draft), loginHint)
  const idpHint = preference('idp_hint') ?? preference('kc_idp_hint')
  const domainHint = preference('domain_hint')
  const uiLocales = preference('ui_locales')
  const nonce = draft.form.single.get('nonce')
  const acrValues = preference('acr_values')?.split(' ').filter((value) => value !== '') ?? clientOf(draft).metadata.default_acr_values ?? []
  return learn(draft, { acrValues, ...(loginHint === undefined ? {} : { loginHint }), ...(hintedUserId === undefined || hintedUserId === loginHint ? {} : { hintedUserId }), ...(idpHint === undefined ? {} : { idpHint }), ...(domainHint === undefined ? {} : { domainHint }), ...(uiLocales === undefined ? {} : { uiLocales }), ...(nonce === undefined ? {} : { nonce }) })
}
