/** An application of pages only: one address a case, so that a test or a browser can open each of them. */
import { type FastifyInstance, fastify } from 'fastify'
import { page, registerPages } from '../../src/http/pages.ts'
import type { Case } from './models/case.ts'
import { cases } from './models/index.ts'

export const serviceName = 'Sign-in service'

export function addressOf(entry: Case): string {
  return `/${entry.view}/${entry.state}`
}

export async function pagesApp(demo = false): Promise<FastifyInstance> {
  const app = fastify({ logger: false })
  const links = { help: '/help', privacy: '/privacy', accessibility: '/accessibility' }
  registerPages(app, { serviceName, demo, pseudoLocales: true, links })
  for (const entry of cases) {
    app.get<{ Querystring: { ui_locales?: string } }>(addressOf(entry), (request, reply) =>
      page(reply, request, entry.view, entry.model, { ...entry.options, uiLocales: request.query.ui_locales }),
    )
  }
  await app.ready()
  return app
}
