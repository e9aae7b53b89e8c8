import { z } from 'zod'
import { findApiByAudience } from '../apis/store.ts'
import { isEnabled } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { invalidRequest, invalidTarget } from '../protocol/error.ts'
import { text } from '../protocol/fields.ts'
import { JWT_LIFETIME_SECONDS } from '../tokens/access-tokens.ts'
import { type Actor, joinList } from '../tokens/authorization.ts'
import { mintExchangedToken } from '../tokens/exchanged-tokens.ts'
import { type InspectedToken, inspectAccessToken } from '../tokens/inspect.ts'
import { clientSubject } from '../tokens/issue.ts'
import { confirmationText } from '../tokens/sender-constraint/constraint.ts'
import { exchangedScopes, type PersonToken } from './exchanged-scopes.ts'
import { defineGrant, type GrantRequest } from './grant-type.ts'

// Token exchange (RFC 8693): an API that was called with a person's token gets one of its own for the next API, with less scope and never
// a longer life, and with its name in it. Who gets a token for whom is nobody's to choose but the one who holds a token meant for it.

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'
/** Longest chain of those who act for one another. */
const LONGEST_CHAIN = 5

const parameters = z.object({ subject_token: text, subject_token_type: text, actor_token: text.optional(), actor_token_type: text.optional(), requested_token_type: text.optional() })
type Request = GrantRequest<z.output<typeof parameters>>

function refused(detail: string): Error {
  return invalidRequest('The subject token is not valid for this client', { detail: `exchange.${detail}`, parameter: 'subject_token', trace: { cause: 'exchange.token', hints: [{ name: 'jwt_fault', values: { fault: detail } }] } })
}

// A token for an API may be exchanged by that API's owner; any token by the client that it was given to.
async function isMeantFor(ctx: Context, { client }: Request, token: InspectedToken): Promise<boolean> {
  if (token.clientKey === client.key) return true
  const { organization } = client.metadata
  const apis = await Promise.all(token.audience.map((audience) => findApiByAudience(ctx, audience)))
  return organization !== undefined && apis.some((api) => api?.organization === organization)
}

async function subjectOf(ctx: Context, request: Request): Promise<PersonToken> {
  const { subject_token, subject_token_type } = request.parameters
  if (subject_token_type !== ACCESS_TOKEN && subject_token_type !== JWT) throw invalidRequest('The subject_token_type is not supported', { parameter: 'subject_token_type' })
  const token = await inspectAccessToken(ctx, subject_token)
  if (token?.person === undefined) throw refused(token === undefined ? 'not_live' : 'no_person')
  if (!(await isMeantFor(ctx, request, token))) throw refused('not_meant')
  // Its holder exchanges a bound token with the same key; an API that was called with it has no such key.
  if (token.clientKey === request.client.key && token.confirmation !== undefined && token.confirmation !== confirmationText(request.confirmation)) throw refused('binding')
  return { ...token, person: token.person }
}

function depth(actor: Actor | undefined): number {
  return actor === undefined ? 0 : 1 + depth(actor.act)
}

/** Who acts now, for whom who acted before (RFC 8693 §4.1). A client that narrows its own token acts for nobody. */
async function actorOf(ctx: Context, { client, parameters: given }: Request, subject: PersonToken): Promise<Actor | undefined> {
  if (given.actor_token !== undefined) {
    const actor = given.actor_token_type === ACCESS_TOKEN || given.actor_token_type === JWT ? await inspectAccessToken(ctx, given.actor_token) : undefined
    if (actor === undefined || actor.clientKey !== client.key) throw invalidRequest('The actor token is not one of this client', { parameter: 'actor_token', trace: { cause: 'exchange.token', hints: [{ name: 'parameter', values: { parameter: 'actor_token' } }] } })
  }
  if (given.actor_token === undefined && subject.clientKey === client.key) return subject.actor
  if (depth(subject.actor) >= LONGEST_CHAIN) throw refused('chain')
  return { sub: clientSubject(client.clientId), ...(subject.actor === undefined ? {} : { act: subject.actor }) }
}

function requireKnownTypes({ parameters: { requested_token_type: type, actor_token, actor_token_type } }: Request): void {
  if (type !== undefined && type !== ACCESS_TOKEN && type !== JWT) throw invalidRequest('The requested_token_type is not supported', { parameter: 'requested_token_type' })
  if ((actor_token === undefined) !== (actor_token_type === undefined)) throw invalidRequest('actor_token and actor_token_type go together', { parameter: 'actor_token_type' })
}

export const tokenExchange = defineGrant({
  type: TOKEN_EXCHANGE,
  parameters,
  publicClients: 'refused',
  redeem: async (request, ctx) => {
    requireKnownTypes(request)
    const subject = await subjectOf(ctx, request)
    if (!isEnabled(request.client)) throw refused('client')
    const { resources, access, client, confirmation } = request
    if (resources.length === 0) throw invalidTarget('Say which API the token is for: resource or audience', { parameter: 'resource', trace: { cause: 'resource.unknown', compared: [{ name: 'resource' }] } })
    const actor = await actorOf(ctx, request, subject)
    const { scopes, toldScopes, via, signedFor } = await exchangedScopes(ctx, request, subject)
    const most = signedFor === undefined ? request.lifetime : JWT_LIFETIME_SECONDS
    const lifetime = await mintExchangedToken(ctx, { subjectTokenId: subject.tokenId, id: access.id, hash: access.hash, clientKey: client.key, scopes, audience: joinList(resources), lifetime: most, confirmation: confirmationText(confirmation), actor, via })
    if (lifetime === undefined) throw refused('not_live')
    const authorization = { scopes, toldScopes, signedFor, audience: resources, person: subject.person, authorizationDetails: subject.authorizationDetails, actor, lifetime, issuedTokenType: ACCESS_TOKEN, withoutIdToken: true } as const
    return { kind: 'authorized', authorization, drawn: { access, refreshToken: undefined } }
  },
})
