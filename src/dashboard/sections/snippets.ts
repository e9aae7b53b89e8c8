import type { FastifyInstance } from 'fastify'
import { type Client, hasSecret, ownerOf } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import { queryForm } from '../../http/forms.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { CLIENTS, clientPath, headOf, requireClient } from '../own-client.ts'
import { type DashboardSection, isDesk } from '../section.ts'
import { snippets as all } from '../snippets/index.ts'
import type { SnippetFacts } from '../snippets/snippet.ts'

// Code that works as it stands, in the language of one's choice (pages.md §2.7).

const COOKIE = 'portner_snippets'
const YEAR_SECONDS = 31_536_000

function factsOf(ctx: Context, { clientId, metadata }: Client): SnippetFacts {
  const [redirectUri = 'https://app.example.org/callback'] = metadata.redirect_uris
  const scope = metadata.scope.split(' ').filter((one) => !metadata.optional_scopes.includes(one)).join(' ')
  return { issuer: ctx.config.issuer, clientId, kind: metadata.application_type, redirectUri, scope, secret: hasSecret(metadata) }
}

export const snippetsSection: DashboardSection = {
  name: 'snippets',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<{ Params: { id: string } }>(`${CLIENTS}/:id/snippets`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const client = await requireClient(ctx, desk, request.params.id)
      const possible = all.filter(({ kinds }) => kinds.includes(client.metadata.application_type))
      const asked = queryForm(request).single.get('lang')
      const chosen = possible.find(({ id }) => id === asked) ?? possible.find(({ id }) => id === request.cookies[COOKIE]) ?? possible[0]
      // Nothing but a preference: which tab was read last.
      if (chosen !== undefined && chosen.id === asked) void reply.setCookie(COOKIE, chosen.id, { path: CLIENTS, maxAge: YEAR_SECONDS, httpOnly: true, sameSite: 'lax', secure: ctx.config.issuer.startsWith('https:') })
      return page(reply, request, 'dashboard-snippets', {
        desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
        head: headOf(client, requestLocale(request), 'snippets'),
        languages: possible.map(({ id, name }) => ({ name, href: `${clientPath(client.clientId, 'snippets')}?lang=${id}`, current: id === chosen?.id })),
        code: chosen?.code(factsOf(ctx, client)) ?? '',
        needsSecret: hasSecret(client.metadata),
      })
    })
  },
}
