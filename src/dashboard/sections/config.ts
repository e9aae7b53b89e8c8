import type { FastifyInstance } from 'fastify'
import { ownerOf } from '../../clients/client.ts'
import { exportOneYaml } from '../../declarations/export.ts'
import { offered } from '../../endpoints/offered.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { CLIENTS, headOf, requireClient } from '../own-client.ts'
import { type DashboardSection, isDesk } from '../section.ts'

// An application as the file that would declare it (P-13). Never a secret.

export const config: DashboardSection = {
  name: 'config',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<{ Params: { id: string } }>(`${CLIENTS}/:id/config`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const client = await requireClient(ctx, desk, request.params.id)
      return page(reply, request, 'dashboard-config', {
        desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
        head: headOf(client, requestLocale(request), ''),
        yaml: (await exportOneYaml(ctx, offered, 'client', client.clientId)) ?? '',
        command: `portner apply ${client.clientId}.yaml`,
      })
    })
  },
}
