import type { FastifyInstance } from 'fastify'
import { previewModel } from '../../account/consent-preview.ts'
import { queryForm } from '../../http/forms.ts'
import { translator } from '../../http/messages.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { CLIENTS, requireClient } from '../own-client.ts'
import { nameOfOwner } from '../owner-name.ts'
import { type DashboardSection, isDesk } from '../section.ts'

// The consent page as people will see it, with one's own values, and with or without the approval of one's institution (P-06). Nothing is decided.

export const preview: DashboardSection = {
  name: 'preview',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<{ Params: { id: string } }>(`${CLIENTS}/:id/preview`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const client = await requireClient(ctx, desk, request.params.id)
      const language = requestLocale(request)
      const model = await previewModel(ctx, client, desk.account, language)
      const approved = queryForm(request).single.get('approved')
      // Whoever is at no institution sees what those see who are.
      const institution = model.institutionApproval?.institution ?? (await nameOfOwner(ctx, { organization: desk.account.user.organizationId }, language)) ?? translator(language).text('dashboard.preview.institution')
      const approval = approved === undefined ? model.institutionApproval : { institution, approved: approved === '1' }
      return page(reply, request, 'consent', { ...model, institutionApproval: approval }, { imageSource: model.logoUri })
    })
  },
}
