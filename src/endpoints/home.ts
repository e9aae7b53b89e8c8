import { page } from '../http/pages.ts'
import { listSessions } from '../sessions/store.ts'
import { readBrowser } from '../signin/browser.ts'
import type { Endpoint } from './endpoint.ts'

/** The address of the service itself: says what it is. The demo has a page of its own there. */
export const home: Endpoint = {
  name: 'home',
  answers: 'people',
  register: (app, ctx) => {
    if (ctx.config.demo) return
    app.get('/', async (request, reply) => {
      const { browserId } = await readBrowser(ctx, request)
      const signedIn = browserId !== undefined && (await listSessions(ctx, browserId)).length > 0
      return page(reply, request, 'home', signedIn ? { signOutHref: '/oauth/logout' } : {})
    })
  },
  metadata: () => ({}),
}
