import { documentHost, mayUseGrant } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { type Locale, localized } from '../http/locale.ts'
import type { ScopeItem } from '../http/scope-item.ts'
import type { ConsentDuration, ConsentModel } from '../http/views.ts'
import { findOrganization } from '../organizations/store.ts'
import { redirectOrigin } from '../protocol/redirect-uri.ts'
import { SESSION_ABSOLUTE_SECONDS } from '../sessions/session.ts'
import { OPAQUE_LIFETIME_SECONDS } from '../tokens/access-tokens.ts'
import { displayName, type User } from '../users/user.ts'
import { detailItems } from './detail-items.ts'
import { askedScopes, isOptional, undecidedScopes } from './granted-scopes.ts'
import { insecureRedirect } from './insecure-redirect.ts'
import { institutionStanding } from './institution.ts'
import { type Journey, nameOf } from './journey.ts'
import { scopeItem } from './scope-items.ts'

// What the authorization grant page says: everything that is true of the application and of what it asks, in the person's language. Owns no
// decision; the step has those (steps/consent.ts), and the preview for a client's owners has none.

/** What stands on the page: everything with `prompt=consent`, else only what is new. */
export function askedNow(journey: Journey): readonly string[] {
  return journey.request.prompt.includes('consent') ? askedScopes(journey) : undecidedScopes(journey)
}

/** What the page told of APIs beside these scopes. */
export function receivedOf({ received }: Journey, scopes: readonly string[]): readonly string[] {
  return received.filter((one) => scopes.includes(one.slice(0, one.lastIndexOf('>'))))
}

/** The host the person returns to; nothing for this computer or an app of it, which the page says in words. */
function shownOrigin({ client, request }: Journey): string | undefined {
  if (request.decoupled !== undefined) return undefined
  const origin = redirectOrigin(request.redirectUri)
  return insecureRedirect({ client, request })?.loopback === true || !origin.startsWith('http') ? undefined : origin
}

/** How long it lasts, as tokens are made here: with `offline_access` on and on, with refresh tokens while signed in, else for one token's life. */
function durationOf({ client, request }: Journey, wanted: readonly string[]): ConsentDuration {
  const { limited } = request
  if (limited !== undefined && wanted.every((scope) => scope === 'openid' || limited.scopes.includes(scope))) return limited.days === undefined ? { kind: 'once' } : { kind: 'days', days: limited.days }
  if (request.singleUse === true) return { kind: 'once' }
  if (request.scopes.includes('offline_access')) return { kind: 'offline' }
  return mayUseGrant(client, 'refresh_token') ? { kind: 'session', days: SESSION_ABSOLUTE_SECONDS / 86_400 } : { kind: 'hours', hours: OPAQUE_LIFETIME_SECONDS / 3600 }
}

async function itemOf(ctx: Context, { request: { limited } }: Journey, scope: string, user: User, language: Locale): Promise<ScopeItem> {
  const item = await scopeItem(ctx, scope, user, language)
  return limited?.scopes.includes(scope) === true ? { ...item, limit: { days: limited.days } } : item
}

function approvalOf(journey: Journey, language: Locale): ConsentModel['institutionApproval'] {
  const standing = institutionStanding(journey)
  if (standing === undefined || journey.institution === undefined) return undefined
  return { institution: localized(journey.institution.name, language), approved: standing !== 'none' }
}

/** Everything the page shows; `form` is where the answer goes. */
export async function consentModel(ctx: Context, journey: Journey, user: User, language: Locale, form: Pick<ConsentModel, 'action' | 'csrf' | 'switchHref'>): Promise<ConsentModel> {
  const { client, request, consent } = journey
  const { metadata, clientId } = client
  const wanted = askedNow(journey)
  const items = await Promise.all(wanted.map((scope) => itemOf(ctx, journey, scope, user, language)))
  const already = askedScopes(journey).filter((scope) => !wanted.includes(scope) && consent.granted.includes(scope))
  const owner = await findOrganization(ctx, metadata.organization)
  return {
    ...form,
    clientName: nameOf(journey, language),
    clientId,
    describedAt: documentHost(client),
    insecure: insecureRedirect(journey),
    person: { name: displayName(user), address: user.claims.email ?? user.username },
    owner: owner && localized(owner.name, language),
    verified: owner !== undefined,
    institutionApproval: approvalOf(journey, language),
    redirectOrigin: shownOrigin(journey),
    items: items.filter((item) => !isOptional(journey, item.scope)),
    optional: items.filter((item) => isOptional(journey, item.scope)).map((item) => ({ ...item, checked: consent.granted.includes(item.scope) })),
    authorizationDetails: await detailItems(ctx, request.authorizationDetails ?? [], language),
    already: await Promise.all(already.map((scope) => scopeItem(ctx, scope, user, language))),
    duration: durationOf(journey, wanted),
    rawScopes: request.scopes,
    removedOn: consent.removedBy === 'person' ? consent.removedAt : undefined,
    logoUri: metadata.logo_uri,
    policyUri: metadata.policy_uri,
    tosUri: metadata.tos_uri,
  }
}
