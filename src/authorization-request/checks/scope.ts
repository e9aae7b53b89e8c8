import { withoutOrphans } from '../../apis/api.ts'
import { judgeScopes, notApproved } from '../../apis/approved-scopes.ts'
import { limitedRequest, purposesOf } from '../../apis/limited-scopes.ts'
import { isOpenScope } from '../../apis/scopes.ts'
import { type Client, documentHost, mayUseGrant } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import { invalidScope } from '../../protocol/error.ts'
import { beyond, parseScope } from '../../protocol/scope.ts'
import { scopeTrace } from '../../protocol/scope-findings.ts'
import { type Check, clientOf, learn } from './check.ts'

/** What a client may not ask for. One that describes itself gets no further than what nobody has to approve; of that, all, when it says nothing. */
async function refusedScopes(ctx: Context, client: Client, asked: readonly string[]): Promise<readonly string[]> {
  if (documentHost(client) === undefined) return beyond(asked, client.scopes)
  const open = await Promise.all(asked.map((scope) => isOpenScope(ctx, scope)))
  return asked.filter((scope, i) => open[i] !== true || (client.scopes.length > 0 && !client.scopes.includes(scope)))
}

/** Scopes that the client registered; none named means all of them. A subscope without its API's scope is dropped, and so is what nobody has approved for the client. `offline_access` means nothing to a client without refresh tokens (Core §11). */
export const checkScope: Check = async (draft, ctx) => {
  const client = clientOf(draft)
  const named = parseScope(draft.form.single.get('scope'))
  const usual = client.scopes.length === 0 ? ['openid'] : client.scopes
  const asked = named.length === 0 ? usual : named
  const refused = await refusedScopes(ctx, client, await purposesOf(ctx, asked))
  if (refused.length > 0) throw invalidScope('The client may not have this scope', { parameter: 'scope', detail: `scope.not_registered ${refused.join(' ').slice(0, 200)}`, trace: scopeTrace(refused, client.scopes) })
  const meant = withoutOrphans(asked)
  if (meant.length === 0) throw invalidScope('A part of an API goes with the scope of the API', { parameter: 'scope', trace: { cause: 'scope.malformed', compared: [{ name: 'scope', sent: asked.join(' ') }] } })
  const { scopes, missing } = await judgeScopes(ctx, client, meant, undefined)
  if (scopes.length === 0) throw notApproved(missing, 'this client')
  const limited = await limitedRequest(ctx, scopes)
  return learn(draft, { ...(limited && { limited }), scopes: scopes.filter((scope) => scope !== 'offline_access' || mayUseGrant(client, 'refresh_token')) })
}
