import { hintedName } from '../upstream/provider-hint.ts'
import { normalizeUsername } from '../users/user.ts'
import type { Account, Journey } from './journey.ts'

function matchesHint(account: Account, hint: string): boolean {
  const wanted = normalizeUsername(hintedName(hint) ?? '')
  const { user, provider } = account
  // A hint with bars says where, so that a bare name means one of there.
  const realm = hint.includes('|') ? hint.split('|')[2] : undefined
  if (wanted === '' || (realm !== undefined && provider?.realms.includes(realm) !== true)) return false
  const names = [user.userId, user.username, user.claims.email?.toLowerCase(), ...(provider?.realms.map((realm) => `${user.username ?? ''}@${realm}`) ?? [])]
  return names.includes(wanted)
}

function only<T>(values: readonly T[]): T | undefined {
  return values.length === 1 ? values[0] : undefined
}

/** The account named by `id_token_hint` or `login_hint`, if this browser knows it. */
export function hintedAccount(journey: Journey): Account | undefined {
  const { hint, loginHint, hintedUserId } = journey.request
  const accepted = journey.accounts.filter((account) => account.accepted)
  if (hint !== undefined) return accepted.find((account) => account.user.userId === hint.sub)
  return loginHint === undefined ? undefined : accepted.find((account) => account.user.userId === hintedUserId || matchesHint(account, loginHint))
}

/** Whether an account signed in again for this request, where it asked for that. */
export function mustSignInAgain(journey: Journey, account: Account): boolean {
  const { prompt, maxAge } = journey.request
  if (account.session === undefined || journey.progress.signedIn === account.user.userId) return false
  return prompt.includes('login') || (maxAge !== undefined && journey.now - account.session.authTime > maxAge) || maxAge === 0
}

/**
 * The account that this journey is about, as far as that is settled: picked by the person, named by the client, or the only one there is
 * where the client asks about the sign-in itself (prompt=none, prompt=login, max_age). Otherwise the person is asked (product: "on all
 * subsequent logins, the account chooser").
 */
export function chosenAccount(journey: Journey): Account | undefined {
  const { progress, request } = journey
  const accepted = journey.accounts.filter((account) => account.accepted)
  if (progress.other === true) return undefined
  if (progress.chosen !== undefined) return accepted.find((account) => account.user.userId === progress.chosen)
  if (request.prompt.includes('select_account')) return undefined
  if (request.hint !== undefined) return hintedAccount(journey)
  const hinted = hintedAccount(journey)
  if (hinted !== undefined) return hinted
  const signedIn = accepted.filter((account) => account.session !== undefined)
  if (request.prompt.includes('none')) return only(signedIn)
  if (request.maxAge !== undefined && signedIn.length === 1) return signedIn[0]
  return request.prompt.includes('login') ? only(accepted) : undefined
}
