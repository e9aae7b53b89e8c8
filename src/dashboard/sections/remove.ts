import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Client, clientName, ownerOf } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { countConsents } from '../../users/consents.ts'
import { ownerName } from '../acting-for.ts'
import { remove as removeThing } from '../change.ts'
import { CLIENTS, clientPath, headOf, requireClient } from '../own-client.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'

// Deleting an application: after a recent sign-in, after typing its name, knowing how many people use it (P-07).

const WHY = 'dashboard.again.remove'

interface Named {
  Params: { id: string }
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, client: Client, wrong: boolean): Promise<FastifyReply> {
  const model = {
    desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
    head: headOf(client, requestLocale(request), ''),
    action: clientPath(client.clientId, 'remove'),
    csrf: kit.token(desk, `remove/${client.clientId}`),
    people: await countConsents(ctx.db, client.key),
    wrong,
    backHref: clientPath(client.clientId),
  }
  return page(reply, request, 'dashboard-remove', model, { status: wrong ? 400 : 200 })
}

export const remove: DashboardSection = {
  name: 'remove',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<Named>(`${CLIENTS}/:id/remove`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply, { recent: WHY })
      return isDesk(desk) ? show(ctx, request, reply, kit, desk, await requireClient(ctx, desk, request.params.id, 'delete'), false) : desk
    })

    app.post<Named>(`${CLIENTS}/:id/remove`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply, { recent: WHY })
      if (!isDesk(desk)) return desk
      const { single } = kit.ownForm(request, desk, `remove/${request.params.id}`)
      const client = await requireClient(ctx, desk, request.params.id, 'delete')
      if ((single.get('name') ?? '').trim() !== clientName(client, requestLocale(request))) return show(ctx, request, reply, kit, desk, client, true)
      await removeThing(ctx, desk, 'client', client.clientId)
      return goTo(reply, `/dashboard?${new URLSearchParams({ owner: ownerName(ownerOf(client)), done: 'removed' })}`)
    })
  },
}
