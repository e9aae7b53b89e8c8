import { type Api, ownScopes, readApiScope } from '../apis/api.ts'
import { approvedScopes } from '../apis/approved-scopes.ts'
import { audiencesOf } from '../apis/gatekeeper-address.ts'
import { purposesOf } from '../apis/limited-scopes.ts'
import { findApiByAudience, ownResources } from '../apis/store.ts'
import type { Context } from '../context.ts'
import { invalidScope } from '../protocol/error.ts'
import { beyond } from '../protocol/scope.ts'
import { scopesFor } from '../tokens/api-token.ts'
import { bearerOf, type PersonAuthorization } from '../tokens/authorization.ts'
import type { InspectedToken } from '../tokens/inspect.ts'
import type { GrantRequest } from './grant-type.ts'

// Owns what a token made out of another one may do (RFC 8693 §2.1). There are three ways on: to an API, in that API's own words; from an API
// back to us, for what people were told that it receives; and everywhere else, with part of what the token has.

export type PersonToken = InspectedToken & { readonly person: PersonAuthorization }

type Request = Pick<GrantRequest<unknown>, 'client' | 'scopes' | 'resources' | 'apis'>

export interface ExchangedScopes {
  /** As the row keeps them. */
  readonly scopes: readonly string[]
  /** As the token and the answer call them. */
  readonly toldScopes?: readonly string[]
  readonly signedFor?: Api
  /** The API whose scope all of it hangs on; that of the first one of a chain, for that is what the person let in. */
  readonly via?: string | undefined
}

function requireWithin(scopes: readonly string[], possible: readonly string[]): void {
  if (beyond(scopes, possible).length > 0) throw invalidScope('The scope is wider than what the token and the client may have', { trace: { cause: 'scope.wider', compared: [{ name: 'scope', sent: scopes.join(' '), expected: possible.join(' ') }] } })
}

/** The one API that the token is to be for, when the token lets in there and nothing but that API's own names is asked. */
function apiInItsWords({ apis, scopes }: Request, possible: readonly string[]): Api | undefined {
  const [api, another] = apis
  if (api === undefined || another !== undefined || !possible.includes(`gk_${api.api_id}`)) return undefined
  return scopes.every((scope) => Object.hasOwn(api.scopes, scope)) ? api : undefined
}

function forApi(api: Api, asked: readonly string[], possible: readonly string[]): ExchangedScopes {
  const held = scopesFor(api, possible)
  const whole = `gk_${api.api_id}`
  const scopes = asked.length === 0 ? held : [whole, ...asked.map((name) => `${whole}_${name}`)]
  requireWithin(scopes, held)
  return { scopes, toldScopes: ownScopes(api, scopes), signedFor: api }
}

/** The API that a token is made out to and that this client speaks for: it holds the token by right, and comes with it to us. */
async function comesFrom(ctx: Context, { client }: Request, { audience, clientKey }: PersonToken): Promise<Api | undefined> {
  const [only, another] = audience
  if (only === undefined || another !== undefined || clientKey === client.key) return undefined
  const api = await findApiByAudience(ctx, only)
  const { organization } = client.metadata
  return api !== undefined && organization !== undefined && api.organization === organization && audiencesOf(ctx.config, api).includes(only) ? api : undefined
}

/** What an API may have of whoever its callers act for, from us or from another API: what it said that it receives, as far as its own client may have that. */
async function receivedBy(ctx: Context, { api_id, receives = [] }: Api, request: Request, subject: PersonToken): Promise<ExchangedScopes | undefined> {
  if (!subject.scopes.includes(`gk_${api_id}`)) return undefined
  const { client, scopes: asked, resources } = request
  const via = subject.via ?? api_id
  const possible = await approvedScopes(ctx, client, receives.filter((scope) => client.scopes.includes(scope)), bearerOf(subject.person))
  const next = apiInItsWords(request, possible)
  if (next !== undefined) return { ...forApi(next, asked, possible), via }
  if (!resources.every((resource) => ownResources(ctx.config.issuer).includes(resource))) return undefined
  const ours = possible.filter((scope) => readApiScope(scope) === undefined)
  if (asked.length > 0 && beyond(asked, ours).length > 0) return undefined
  return ours.length === 0 ? undefined : { scopes: asked.length === 0 ? ours : asked, via }
}

/** Decides. Throws `invalid_scope` for more than the token has and the client may have: what it is registered for, and has been approved for it itself. */
export async function exchangedScopes(ctx: Context, request: Request, subject: PersonToken): Promise<ExchangedScopes> {
  const { scopes: asked, client } = request
  const { via } = subject
  const purposes = await purposesOf(ctx, subject.scopes)
  const possible = await approvedScopes(ctx, client, subject.scopes.filter((_, i) => client.scopes.includes(purposes[i] ?? '')), bearerOf(subject.person))
  const api = apiInItsWords(request, possible)
  if (api !== undefined) return { ...forApi(api, asked, possible), via }
  const from = await comesFrom(ctx, request, subject)
  const received = from && (await receivedBy(ctx, from, request, subject))
  if (received !== undefined) return received
  requireWithin(asked, possible)
  return { scopes: asked.length === 0 ? possible : asked, via }
}
