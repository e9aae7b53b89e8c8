import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { browserOrigins } from '../clients/browser-origins.ts'
import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { findGroup, groupsOf, listGroupMembers, searchGroups } from '../groups/ask.ts'
import type { Group } from '../groups/group.ts'
import { groupSources } from '../groups/index.ts'
import { principalNamesOf } from '../groups/principal-names.ts'
import { allowRegisteredOrigin, answerPreflight } from '../http/cors.ts'
import { queryForm } from '../http/forms.ts'
import { sendJson } from '../http/json.ts'
import { type Locale, localized } from '../http/locale.ts'
import { requestLocale } from '../http/pages.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { bearerChallenge, invalidRequest, OAuthError, temporarilyUnavailable } from '../protocol/error.ts'
import type { InspectedToken } from '../tokens/inspect.ts'
import { misplacedToken } from '../tokens/presented-token.ts'
import { requireOwnToken } from './consents.ts'
import type { Endpoint } from './endpoint.ts'
import { findGroupLogo } from './group-logo.ts'

// The groups API (VOOT, in the shapes of Dataporten): which groups the person of a token is in, and what there is to know of a group. A
// group that the person may not know of and one that there is not are the same 404. What a source did not say in time is left out, and a
// header names the source: who reads it knows that the answer is a part.

const BASES = ['/groups', '/groups/v1', '/v1/groups']
const SCOPE = 'groups'
/** Names the sources that did not answer. */
const PARTIAL = 'x-groups-partial'

interface Asking {
  readonly userId: string
  readonly token: InspectedToken
  readonly language: Locale
}

/** The person who is asked about. Throws the challenge; 403 for a token without a person or without the scope. */
async function requirePerson(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<Asking> {
  const token = await requireOwnToken(ctx, request)
  if (request.headers.origin !== undefined) await allowRegisteredOrigin(ctx, request, reply, await findClientByKey(ctx, token.clientKey))
  if (token.person === undefined) throw bearerChallenge(403, 'insufficient_scope', 'The token has no person behind it', SCOPE, misplacedToken(token, 'token.scope', SCOPE))
  if (!token.scopes.includes(SCOPE)) throw bearerChallenge(403, 'insufficient_scope', 'The token may not ask about groups', SCOPE, misplacedToken(token, 'token.scope', SCOPE))
  return { token, userId: token.person.subject.userId, language: requestLocale(request) }
}

function describe(group: Group, language: Locale): object {
  const { id, displayName, type, description, public: isPublic, parent, url, membership, notBefore, notAfter } = group
  return {
    id,
    displayName: localized(displayName, language),
    type,
    description: description && localized(description, language),
    public: isPublic,
    parent,
    url,
    membership,
    notBefore: notBefore?.toISOString(),
    notAfter: notAfter?.toISOString(),
  }
}

function notePartial(reply: FastifyReply, missing: readonly string[]): void {
  if (missing.length > 0) void reply.header(PARTIAL, missing.join(', '))
}

function notFound(): OAuthError {
  return new OAuthError('not_found', 'There is no such group', { status: 404 })
}

/** What was found, or why there is nothing: there is no such group for this person, or nobody could say. */
function requireFound<T>({ found, missing }: { readonly found: T | undefined; readonly missing: readonly string[] }): T {
  if (found !== undefined) return found
  throw missing.length > 0 ? temporarilyUnavailable('The groups cannot be asked now') : notFound()
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id
}

const LONGEST_QUERY = 200

/** What a name is searched by. Throws `invalid_request` for what is too long to be one. */
function typedIn(single: ReadonlyMap<string, string>): string | undefined {
  const typed = single.get('query')?.trim()
  if (typed !== undefined && typed.length > LONGEST_QUERY) throw invalidRequest(`query must have at most ${LONGEST_QUERY} characters`, { parameter: 'query' })
  return typed === '' ? undefined : typed
}

async function myGroups(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { userId, language } = await requirePerson(ctx, request, reply)
  const { single } = queryForm(request)
  const { groups, missing } = await groupsOf(ctx, userId, { all: single.get('showAll') === 'true', typed: typedIn(single) })
  notePartial(reply, missing)
  return sendJson(reply, groups.map((group) => describe(group, language)))
}

async function myMembership(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { userId } = await requirePerson(ctx, request, reply)
  const { membership } = requireFound(await findGroup(ctx, userId, idOf(request)))
  if (membership === undefined) throw notFound()
  return sendJson(reply, membership)
}

async function oneGroup(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { userId, language } = await requirePerson(ctx, request, reply)
  const { membership: _own, ...group } = requireFound(await findGroup(ctx, userId, idOf(request)))
  return sendJson(reply, describe(group, language))
}

async function foundGroups(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { userId, language } = await requirePerson(ctx, request, reply)
  const typed = typedIn(queryForm(request).single)
  if (typed === undefined) throw invalidRequest('query is missing: groups are found by a few words of their names', { parameter: 'query' })
  const { groups, missing } = await searchGroups(ctx, userId, typed)
  notePartial(reply, missing)
  return sendJson(reply, groups.map(({ membership: _own, ...group }) => describe(group, language)))
}

async function logo(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { userId } = await requirePerson(ctx, request, reply)
  const image = await findGroupLogo(ctx, requireFound(await findGroup(ctx, userId, idOf(request))))
  if (image === undefined) throw notFound()
  return reply.header('cache-control', 'private, max-age=3600').type('image/webp').send(image)
}

async function members(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { userId, token } = await requirePerson(ctx, request, reply)
  const id = idOf(request)
  requireFound(await findGroup(ctx, userId, id))
  const answer = await listGroupMembers(ctx, userId, id)
  if (answer.found === undefined && answer.missing.length === 0) throw new OAuthError('access_denied', 'The members of this group are not shown', { status: 403 })
  const found = requireFound(answer)
  const names = token.scopes.includes('groups-memberids') ? await principalNamesOf(ctx, found.map((member) => member.userId)) : undefined
  return sendJson(reply, found.map((member) => ({ name: member.name, membership: member.membership, ...(names === undefined ? {} : { userid_sec: names.get(member.userId) ?? [] }) })))
}

async function types(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { language } = await requirePerson(ctx, request, reply)
  return sendJson(reply, groupSources.flatMap((source) => source.types.map(({ id, displayName }) => ({ id, displayName: localized(displayName, language) }))))
}

type Answer = typeof myGroups

const PATHS: readonly (readonly [string, Answer])[] = [
  ['/me/groups', myGroups],
  ['/me/groups/:id', myMembership],
  ['/groups', foundGroups],
  ['/groups/:id', oneGroup],
  ['/groups/:id/logo', logo],
  ['/groups/:id/members', members],
  ['/grouptypes', types],
]

export const groups: Endpoint = {
  name: 'groups',
  answers: 'machines',
  takesCertificates: true,
  register: (app: FastifyInstance, ctx) => {
    for (const path of BASES.flatMap((base) => PATHS.map(([below, answer]) => [`${base}${below}`, answer] as const))) {
      app.get(path[0], (request, reply) => path[1](ctx, request, reply))
      answerPreflight(app, ctx, path[0], ['GET'], browserOrigins(ctx))
      refuseOtherMethods(app, path[0], ['GET'])
    }
  },
  metadata: () => ({}),
}
