import type { FastifyInstance } from 'fastify'
import { previewModel } from '../../account/consent-preview.ts'
import { queryForm } from '../../http/forms.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { CLIENTS, requireClient } from '../own-client.ts'
import { type DashboardSection, isDesk } from '../section.ts'

// The consent page as people will see it, with one's own values, and with or without the approval of one's institution (P-06). Nothing is decided.

export const preview: DashboardSection = {
  name: 'preview',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<{ Params: { id: string } }>(`${CLIENTS}/:id/preview`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const client = await requireClient(ctx, desk, request.params.id)
      const model = await previewModel(ctx, client, desk.account, requestLocale(request))
      const approved = queryForm(request).single.get('approved')
      const institution = model.institutionApproval?.institution
      const approval = approved === undefined || institution === undefined ? model.institutionApproval : { institution, approved: approved === '1' }
      return page(reply, request, 'consent', { ...model, institutionApproval: approval }, { imageSource: model.logoUri })
    })
  },
}
