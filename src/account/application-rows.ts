import { type Client, clientName, initiationAddress } from '../clients/client.ts'
import { findClientByKey } from '../clients/store.ts'
import { type ConsentObject, listConsentObjects } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import type { ApplicationRow } from '../http/account-views.ts'
import { type Locale, localized } from '../http/locale.ts'
import { findOrganization } from '../organizations/store.ts'
import { scopeItem } from '../signin/scope-items.ts'
import { listLiveGrants, type LiveGrants } from '../tokens/grants.ts'
import { type GivenConsent, listConsents } from '../users/consents.ts'
import type { User } from '../users/user.ts'
import { notFound } from './not-found.ts'

// What a person has let applications have, as they read it. One row an application, whatever it rests on: consent, offline grants, devices.

/** A consent with its client and what of it is alive. */
export interface Application {
  readonly consent: GivenConsent
  readonly client: Client
  readonly name: string
  readonly live: LiveGrants | undefined
  /** What they agreed to that has an end, and is not over. */
  readonly limited: readonly ConsentObject[]
}

/** The applications of a person, used last first. */
export async function listApplications(ctx: Context, user: User, language: Locale): Promise<readonly Application[]> {
  const [objects, grants] = await Promise.all([listConsentObjects(ctx, user.userId), listLiveGrants(ctx, user.userId)])
  const active = objects.filter(({ status }) => status === 'active')
  const consents = await listConsents(ctx, user.userId, active.map(({ clientKey }) => clientKey))
  const byClient = new Map(grants.map((live) => [live.clientKey, live]))
  const found = await Promise.all(
    consents.map(async (consent): Promise<Application | undefined> => {
      const client = await findClientByKey(ctx, consent.clientKey)
      return client && { consent, client, name: clientName(client, language), live: byClient.get(consent.clientKey), limited: active.filter(({ clientKey }) => clientKey === consent.clientKey) }
    }),
  )
  return found.filter((application) => application !== undefined)
}

/** One of a person's own. Throws `not_found` for anything else. */
export async function requireApplication(ctx: Context, user: User, consentId: string, language: Locale): Promise<Application> {
  const application = (await listApplications(ctx, user, language)).find(({ consent }) => consent.consentId === consentId)
  if (application === undefined) throw notFound()
  return application
}

/** In words: what was granted and what its live tokens carry; an application with neither knows only that it is this person. */
export function scopesOf({ consent, live, limited }: Application): readonly string[] {
  const scopes = [...new Set([...consent.granted, ...(live?.scopes ?? []), ...limited.flatMap(({ scopes }) => scopes)])].filter((scope) => scope !== 'offline_access')
  return scopes.length === 0 ? ['openid'] : scopes
}

/** The last of what was used and what was refreshed. */
export function lastOf(...times: readonly (Date | undefined)[]): Date | undefined {
  const known = times.filter((time) => time !== undefined).map((time) => time.getTime())
  return known.length === 0 ? undefined : new Date(Math.max(...known))
}

export async function applicationRow(ctx: Context, user: User, application: Application, language: Locale, path: string): Promise<ApplicationRow> {
  const { consent, client, name, live } = application
  const [owner, items] = await Promise.all([findOrganization(ctx, client.metadata.organization), Promise.all(scopesOf(application).map((scope) => scopeItem(ctx, scope, user, language)))])
  return {
    id: consent.consentId,
    name,
    owner: owner && localized(owner.name, language),
    items,
    since: consent.since,
    usedOn: lastOf(consent.usedAt, live?.refreshedAt),
    offline: live?.offline ?? false,
    devices: live?.devices ?? 0,
    openHref: initiationAddress(client, ctx.config.issuer),
    detailsHref: `${path}/${consent.consentId}`,
    removeHref: `${path}/${consent.consentId}/remove`,
  }
}
