import type { FastifyInstance } from 'fastify'
import { drawAnotherSecret, endSecret } from '../../clients/change-secrets.ts'
import { type Client, hasSecret, ownerOf } from '../../clients/client.ts'
import { listLiveSecrets, MOST_SECRETS } from '../../clients/secrets.ts'
import type { Context } from '../../context.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { notFound } from '../../account/not-found.ts'
import { CLIENTS, clientPath, headOf, mayWith, requireClient } from '../own-client.ts'
import { secretPage } from '../secret-page.ts'
import { type DashboardSection, type Desk, isDesk } from '../section.ts'

// The secrets of an application: two may be live, so that one can be replaced without a gap. Each is shown once, when it is drawn (P-03).

const WHY = 'dashboard.again.secrets'
const DONE = ['retired', 'full', 'only'] as const

interface Named {
  Params: { id: string }
}

async function requireSecretClient(ctx: Context, desk: Desk, clientId: string, action: 'read' | 'secrets'): Promise<Client> {
  const client = await requireClient(ctx, desk, clientId, action)
  if (!hasSecret(client.metadata)) throw notFound()
  return client
}

export const secrets: DashboardSection = {
  name: 'secrets',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<Named>(`${CLIENTS}/:id/secrets`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const client = await requireSecretClient(ctx, desk, request.params.id, 'read')
      const rows = await listLiveSecrets(ctx.db, client.key)
      const mayChange = mayWith(desk, client, 'secrets')
      return page(reply, request, 'dashboard-secrets', {
        desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
        head: headOf(client, requestLocale(request), 'secrets'),
        csrf: kit.token(desk, `secrets/${client.clientId}`),
        rows: rows.map(({ secretId, hint, createdAt, expiresAt, usedAt }) => ({ id: secretId, hint, since: createdAt, until: expiresAt, usedOn: usedAt })),
        addAction: mayChange && rows.length < MOST_SECRETS ? clientPath(client.clientId, 'secrets/new') : undefined,
        retireAction: mayChange && rows.length > 1 ? clientPath(client.clientId, 'secrets/retire') : undefined,
        done: DONE.find((one) => one === queryForm(request).single.get('done')),
      })
    })

    for (const act of ['new', 'retire'] as const) {
      const path = `${CLIENTS}/:id/secrets/${act}`
      app.get<Named>(path, async (request, reply) => goTo(reply, clientPath(request.params.id, 'secrets')))
      app.post<Named>(path, async (request, reply) => {
        const desk = await kit.requireDesk(request, reply, { recent: WHY })
        if (!isDesk(desk)) return desk
        const { id } = request.params
        const { single } = kit.ownForm(request, desk, `secrets/${id}`)
        const client = await requireSecretClient(ctx, desk, id, 'secrets')
        const by = { actor: desk.actor.userId, way: 'in the dashboard' }
        if (act === 'retire') return goTo(reply, `${clientPath(id, 'secrets')}?done=${(await endSecret(ctx, client, single.get('secret_id') ?? '', by)) ? 'retired' : 'only'}`)
        const secret = await drawAnotherSecret(ctx, client, by)
        return secret === undefined ? goTo(reply, `${clientPath(id, 'secrets')}?done=full`) : secretPage(ctx, request, reply, kit, desk, client, { made: false, secret })
      })
    }
  },
}
