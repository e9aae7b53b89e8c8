import type { FastifyInstance } from 'fastify'
import { isSecretOf } from '../../clients/authentication/secret.ts'
import { ownerOf } from '../../clients/client.ts'
import { listUnused } from '../../clients/uses.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { countConsents } from '../../users/consents.ts'
import { CLIENTS, clientPath, headOf, mayWith, requireClient } from '../own-client.ts'
import { nameOfOwner } from '../owner-name.ts'
import { discoveryAddress } from '../secret-page.ts'
import { type DashboardSection, isDesk } from '../section.ts'

// The first page about one application, and the file with its settings.

const DONE = ['addresses', 'look', 'access', 'offered'] as const

interface Named {
  Params: { id: string }
}

function settings(lines: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(lines).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}\n`])).join('')
}

export const clientSection: DashboardSection = {
  name: 'client',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<Named>(`${CLIENTS}/:id`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const client = await requireClient(ctx, desk, request.params.id)
      const { clientId, metadata } = client
      const language = requestLocale(request)
      const owner = ownerOf(client)
      return page(reply, request, 'dashboard-client', {
        desk: await kit.frame(request, desk, 'clients', owner),
        head: headOf(client, language, 'overview'),
        discovery: discoveryAddress(ctx),
        owner: await nameOfOwner(ctx, owner, language),
        grants: metadata.grant_types,
        method: metadata.token_endpoint_auth_method,
        scopes: client.scopes,
        addresses: metadata.redirect_uris,
        people: await countConsents(ctx.db, client.key),
        unused: await listUnused(ctx.db, client.key),
        removeHref: mayWith(desk, client, 'delete') ? clientPath(clientId, 'remove') : undefined,
        transferHref: mayWith(desk, client, 'transfer') ? clientPath(clientId, 'transfer') : undefined,
        done: DONE.find((one) => one === queryForm(request).single.get('done')),
      })
    })

    app.get<Named>(`${CLIENTS}/:id/env`, async (request, reply) => goTo(reply, clientPath(request.params.id)))
    app.post<Named>(`${CLIENTS}/:id/env`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const { single } = kit.ownForm(request, desk, `env/${request.params.id}`)
      const client = await requireClient(ctx, desk, request.params.id)
      const secret = single.get('secret')
      const text = settings({
        OIDC_ISSUER: ctx.config.issuer,
        OIDC_CLIENT_ID: client.clientId,
        // Only one of its own: whatever else a form says is not made a file of ours.
        OIDC_CLIENT_SECRET: secret !== undefined && isSecretOf(client, secret) ? secret : undefined,
        OIDC_REDIRECT_URI: client.metadata.redirect_uris[0],
      })
      void reply.headers({ 'cache-control': 'no-store', 'content-disposition': 'attachment; filename=".env"' })
      return reply.type('text/plain; charset=utf-8').send(text)
    })
  },
}
