import type { FastifyInstance } from 'fastify'
import type { Client } from '../clients/client.ts'
import { receivedWith } from '../apis/scopes.ts'
import { findClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import type { Locale } from '../http/locale.ts'
import { page, requestLocale } from '../http/pages.ts'
import type { ConsentModel } from '../http/views.ts'
import { epochSeconds } from '../lib/clock.ts'
import { findOrganization } from '../organizations/store.ts'
import { consentModel } from '../signin/consent-model.ts'
import type { Journey } from '../signin/journey.ts'
import { withheldScopes } from '../signin/realms.ts'
import { noHint } from '../upstream/provider-hint.ts'
import type { User } from '../users/user.ts'
import { notFound } from './not-found.ts'
import { type Account, type AccountKit, isAccount } from './section.ts'

// The consent page as those who run an application see it before anybody else does: their own values, every scope that it is registered
// with, and nothing that could be decided. Whoever is among its `contacts` with an address that is proven runs it; to others it is not there.

function runs({ metadata }: Client, { claims }: User): boolean {
  const { email, email_verified } = claims
  return email !== undefined && email_verified === true && metadata.contacts.some((contact) => contact.toLowerCase() === email.toLowerCase())
}

/** The journey of somebody who has let the application have nothing yet. */
async function firstJourney(ctx: Context, client: Client, { user, session }: Account): Promise<Journey> {
  const { clientId, scopes, metadata } = client
  const redirectUri = metadata.redirect_uris[0] ?? ctx.config.issuer
  return {
    request: { clientId, redirectUri, redirectUriGiven: true, responseType: 'code', responseMode: 'query', scopes: scopes.length === 0 ? ['openid'] : scopes, resources: [], prompt: [], acrValues: [], claims: {} },
    client,
    progress: { chosen: user.userId },
    now: epochSeconds(ctx.clock),
    accounts: [{ user, session, pending: undefined, provider: undefined, accepted: true }],
    soleProvider: undefined,
    factors: [],
    hint: noHint,
    consent: { granted: [], declined: [] },
    institution: await findOrganization(ctx, user.organizationId),
    received: await receivedWith(ctx, scopes),
    withheld: await withheldScopes(ctx, client, user, scopes),
  }
}

/** What the page shows of a client, to somebody who looks at it before people do. */
export async function previewModel(ctx: Context, client: Client, account: Account, language: Locale): Promise<ConsentModel> {
  return { ...(await consentModel(ctx, await firstJourney(ctx, client, account), account.user, language, { action: '', csrf: '', switchHref: undefined })), preview: true }
}

export function previewPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get<{ Params: { id: string } }>('/account/preview/:id', async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const client = await findClient(ctx, request.params.id)
    if (client === undefined || !runs(client, account.user)) throw notFound()
    const model = await previewModel(ctx, client, account, requestLocale(request))
    return page(reply, request, 'consent', model, { imageSource: model.logoUri })
  })
}
