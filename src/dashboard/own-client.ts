import { notFound } from '../account/not-found.ts'
import { type Client, clientName, documentHost, hasSecret, ownerOf } from '../clients/client.ts'
import { isOwnClient } from '../clients/own-clients.ts'
import { readClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { actionOn, kindOf } from '../declarations/thing.ts'
import type { ClientHead } from '../http/dashboard-views.ts'
import type { Locale } from '../http/locale.ts'
import { type Action, can } from '../organizations/can.ts'
import { accessDenied } from '../protocol/error.ts'
import { rulesOf } from './application-kinds.ts'
import type { Desk } from './section.ts'
import { TRIABLE_METHODS } from './trying.ts'
import { insecureOrigins } from './typed-address.ts'

// One application of the dashboard: which there are for somebody, and what stands above each page about it.

export const CLIENTS = '/dashboard/clients'

/** What acts by itself may do more than a developer: then its secrets are not a developer's to draw either. */
export function mayWith(desk: Desk, client: Client, action: Action): boolean {
  return can(desk.actor, actionOn(kindOf('client'), client.metadata, action), { kind: 'client', owner: ownerOf(client) })
}

/** An application that somebody may see, as the database has it now. Throws `not_found`; `access_denied` for what they may see and not do. */
export async function requireClient(ctx: Context, desk: Desk, clientId: string, action: Action = 'read'): Promise<Client> {
  const client = await readClient(ctx.db, clientId)
  // Parts of this server and applications that describe themselves elsewhere are nobody's here.
  if (client === undefined || isOwnClient(clientId) || documentHost(client) !== undefined || !mayWith(desk, client, 'read')) throw notFound()
  if (!mayWith(desk, client, action)) throw accessDenied('Your role does not allow this', { status: 403, detail: `client.${action}` })
  return client
}

export function clientPath(clientId: string, page = ''): string {
  return `${CLIENTS}/${encodeURIComponent(clientId)}${page === '' ? '' : `/${page}`}`
}

/** The pages about one application that are for this one, by the last part of their address. */
function tabsOf(client: Client): readonly string[] {
  const { metadata } = client
  return ['overview', ...(rulesOf(metadata.application_type).returns ? ['addresses'] : []), 'access', ...(hasSecret(metadata) ? ['secrets'] : []), 'look', 'snippets', 'log']
}

/** Whether a code flow can be played with it here: with what a person can type, and without keys of its own. */
export function mayTry({ metadata, status }: Client): boolean {
  return status !== 'disabled' && metadata.profile !== 'fapi2' && metadata.grant_types.includes('authorization_code') && metadata.response_types.includes('code') && TRIABLE_METHODS.includes(metadata.token_endpoint_auth_method)
}

export function headOf(client: Client, language: Locale, current: string): ClientHead {
  const { clientId, metadata, status } = client
  return {
    id: clientId,
    name: clientName(client, language),
    kind: metadata.application_type,
    status,
    tabs: tabsOf(client).map((name) => ({ name, href: clientPath(clientId, name === 'overview' ? '' : name), current: name === current })),
    insecure: insecureOrigins(metadata.redirect_uris),
    previewHref: rulesOf(metadata.application_type).returns ? clientPath(clientId, 'preview') : undefined,
    configHref: clientPath(clientId, 'config'),
    tryHref: mayTry(client) ? clientPath(clientId, 'try') : undefined,
  }
}
