import type { Subject } from './claims.ts'

/** The person as Dataporten's own userinfo shows them: each member with its scope. */
export interface DataportenUser {
  readonly userid?: string
  readonly userid_sec?: readonly string[]
  readonly name?: string
  readonly email?: string
  readonly profilephoto?: string
}

export interface DataportenUserinfo {
  readonly user: DataportenUser
  /** The client that the token is for: it must compare, or a token that another application got would pass for its own. */
  readonly audience: string
}

/**
 * The shape for clients with the switch `dataporten_userinfo`. `userid_sec` has what institutions call the person, with the scope
 * `userid-feide`; national ids and the like are kept as hashes only. It is there without, because such clients read it.
 */
export function dataportenUserinfo({ userId, claims }: Subject, scopes: readonly string[], clientId: string, principalNames: readonly string[]): DataportenUserinfo {
  const { name, email, picture } = claims
  const user: DataportenUser = {
    ...(scopes.includes('userid') ? { userid: userId, userid_sec: scopes.includes('userid-feide') ? principalNames : [] } : {}),
    ...(scopes.includes('profile') && name !== undefined ? { name } : {}),
    ...(scopes.includes('profile') && picture !== undefined ? { profilephoto: picture } : {}),
    ...(scopes.includes('email') && email !== undefined ? { email } : {}),
  }
  return { user, audience: clientId }
}
