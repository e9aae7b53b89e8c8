import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { page, requestLocale } from '../http/pages.ts'
import { ownerOf } from '../clients/client.ts'
import { clientPath, headOf } from './own-client.ts'
import type { DashboardKit, Desk } from './section.ts'

export function discoveryAddress(ctx: Context): string {
  return `${ctx.config.issuer}/.well-known/openid-configuration`
}

/** Answers a form with what it made: the secret stands on this page and nowhere again (P-03). Only hashes are kept, so nobody can be led back to it. */
export async function secretPage(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, client: Client, drawn: { readonly made: boolean; readonly secret: string | undefined }): Promise<FastifyReply> {
  const { clientId } = client
  return page(reply, request, 'dashboard-secret', {
    desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
    head: headOf(client, requestLocale(request), ''),
    ...drawn,
    discovery: discoveryAddress(ctx),
    action: clientPath(clientId, 'env'),
    csrf: kit.token(desk, `env/${clientId}`),
    snippetsHref: clientPath(clientId, 'snippets'),
    clientHref: clientPath(clientId),
  })
}
