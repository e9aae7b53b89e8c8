import { z } from 'zod'
import { requireUnlimited, unlimitedOf } from '../apis/limited-scopes.ts'
import { hasSwitch, mayUseGrant } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { drawSecret, tokenText } from '../lib/opaque-token.ts'
import { PasswordsBusy } from '../lib/password.ts'
import { ACR_PASSWORD } from '../protocol/acr.ts'
import { invalidGrant, type OAuthError, refusedByLimit, temporarilyUnavailable, unauthorizedClient } from '../protocol/error.ts'
import { epochSeconds } from '../lib/clock.ts'
import { mustProveFactor } from '../signin/factors-of.ts'
import { realmDetails } from '../signin/realms.ts'
import { tryPassword } from '../signin/try-password.ts'
import { startGrant } from '../tokens/direct-grants.ts'
import { confirmationText } from '../tokens/sender-constraint/constraint.ts'
import type { PasswordConnector } from '../upstream/connector.ts'
import { openConnector } from '../upstream/open.ts'
import type { ProviderFacts } from '../upstream/provider.ts'
import { listAcceptedLocalProviders } from '../upstream/store.ts'
import { noteUse } from '../users/consents.ts'
import type { User } from '../users/user.ts'
import { defineGrant, type GrantRequest } from './grant-type.ts'
import { requireRegistered } from './registered-scopes.ts'
import { unaskedScopes } from './unasked-scopes.ts'

// The resource owner password credentials grant (RFC 6749 §4.3), for clients with the switch `password` and people who prove nothing but a
// password. It is the login page without the page: the same counters, the same time for names that nobody has.

const LONGEST_USERNAME = 200
const LONGEST_PASSWORD = 1000

const parameters = z.object({ username: z.string().max(LONGEST_USERNAME), password: z.string().max(LONGEST_PASSWORD) })
type Request = GrantRequest<z.output<typeof parameters>>

// One public sentence: a client that holds passwords must not learn which half was wrong, nor that it was right for somebody with a second factor.
function refused(detail: string): OAuthError {
  return invalidGrant('The user name or password is not right, or does not suffice', { detail: `password.${detail}`, trace: { cause: 'password.refused' } })
}

interface Place {
  readonly facts: ProviderFacts
  readonly connector: PasswordConnector
}

/** Where that name is kept, among the places whose people the client accepts; somewhere, when nobody has it, so that the attempt counts. */
async function placeOf(ctx: Context, { client, parameters: { username } }: Request): Promise<Place> {
  const accepted = await listAcceptedLocalProviders(ctx, client.metadata.login_providers)
  const places = accepted.flatMap((facts): readonly Place[] => {
    const connector = openConnector(ctx, facts)
    return connector.kind === 'password' ? [{ facts, connector }] : []
  })
  const owners = await Promise.all(places.map(({ connector }) => connector.whose(username)))
  const place = places.find((_, i) => owners[i] !== undefined) ?? places[0]
  if (place === undefined) throw refused('no_provider')
  // The same name at two places is two people: whoever is meant signs in with an address.
  if (owners.filter((owner) => owner !== undefined).length > 1) throw refused('ambiguous')
  return place
}

async function prove(ctx: Context, request: Request): Promise<{ readonly user: User; readonly providerId: string }> {
  const { facts, connector } = await placeOf(ctx, request)
  const { username, password } = request.parameters
  const result = await tryPassword(ctx, facts, connector, { username, password, address: request.address, deviceId: undefined }).catch((error: unknown) => {
    throw error instanceof PasswordsBusy ? temporarilyUnavailable('Too many people sign in at this moment') : error
  })
  ctx.metrics.logins.inc({ method: 'password_grant', result: 'error' in result ? result.error : 'good' })
  if (!('error' in result)) return { user: result, providerId: facts.provider.provider_id }
  if (result.until === undefined) throw refused(result.error)
  throw refusedByLimit(429, 'Too many tries for this account or network', { 'retry-after': String(Math.max(1, Math.ceil((Date.parse(result.until) - ctx.clock.now()) / 1000))) })
}

async function requireOneFactor(ctx: Context, { client }: Request, user: User): Promise<void> {
  if (client.metadata.require_second_factor === true || (await mustProveFactor(ctx, user))) throw refused('second_factor')
}

async function scopesOf({ scopes, client }: Request, ctx: Context): Promise<readonly string[]> {
  const asked = scopes.length === 0 ? await unlimitedOf(ctx, client.scopes) : scopes
  requireRegistered(asked, client)
  await requireUnlimited(ctx, asked)
  return asked.filter((scope) => scope !== 'offline_access' || mayUseGrant(client, 'refresh_token'))
}

export const password = defineGrant({
  type: 'password',
  parameters,
  publicClients: 'refused',
  redeem: async (request, ctx) => {
    const { client, resources, access, lifetime, confirmation } = request
    if (!hasSwitch(client, 'password')) throw unauthorizedClient('The client may not use this grant type', { detail: 'password.not_switched_on', trace: { cause: 'grant.not_allowed', compared: [{ name: 'compatibility', sent: client.metadata.compatibility.join(' '), expected: 'password' }] } })
    const asked = await scopesOf(request, ctx)
    const { user, providerId } = await prove(ctx, request)
    await requireOneFactor(ctx, request, user)
    const scopes = await unaskedScopes(ctx, client, user, asked, refused)
    const refresh = mayUseGrant(client, 'refresh_token') ? drawSecret() : undefined
    const details = { acr: ACR_PASSWORD, amr: ['pwd'], ...(await realmDetails(ctx, user, scopes)) }
    const bound = confirmationText(confirmation)
    await noteUse(ctx, user.userId, client.key, scopes)
    const started = await startGrant(ctx, { client, userId: user.userId, sessionId: undefined, scopes, audience: resources, details, authTime: epochSeconds(ctx.clock), offline: true, token: access, lifetime, refreshHash: refresh?.hash ?? null, confirmation: bound, grantConfirmation: null })
    if (started === undefined) throw refused('not_live')
    ctx.audit.record({ event: 'login', userId: user.userId, providerId })
    const refreshToken = refresh === undefined ? undefined : tokenText('rt', started.grantId, refresh.secret)
    return { kind: 'authorized', authorization: { scopes, audience: resources, person: started.person }, drawn: { access, refreshToken } }
  },
})
