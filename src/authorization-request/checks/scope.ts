import { mayUseGrant } from '../../clients/client.ts'
import { invalidScope } from '../../protocol/error.ts'
import { beyond, parseScope } from '../../protocol/scope.ts'
import { type Check, clientOf, learn } from './check.ts'

/** Scopes that the client registered; none named means all of them. `offline_access` means nothing to a client without refresh tokens (Core §11). */
export const checkScope: Check = (draft) => {
  const client = clientOf(draft)
  const asked = parseScope(draft.form.single.get('scope'))
  const refused = beyond(asked, client.scopes)
  if (refused.length > 0) throw invalidScope('The client may not have this scope', { parameter: 'scope', detail: `scope.not_registered ${refused.join(' ').slice(0, 200)}` })
  const scopes = (asked.length === 0 ? client.scopes : asked).filter((scope) => scope !== 'offline_access' || mayUseGrant(client, 'refresh_token'))
  return learn(draft, { scopes })
}
