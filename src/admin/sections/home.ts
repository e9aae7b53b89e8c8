import { page } from '../../http/pages.ts'
import { readSystemState, systemFindings } from '../../system/state.ts'
import { type AdminSection, isOperator } from '../section.ts'
import { systemFacts, systemTables } from '../system.ts'

// How the server is: what stands first for whoever comes because something is wrong.

const NAME = 'home'
const PATH = '/admin'

export const home: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    app.get(PATH, async (request, reply) => {
      const operator = await kit.requireOperator(request, reply)
      if (!isOperator(operator)) return operator
      const [state, findings] = await Promise.all([readSystemState(ctx), systemFindings(ctx)])
      return page(reply, request, 'admin-home', { admin: kit.frame(operator, NAME), facts: systemFacts(state, kit.version), findings, tables: systemTables(state) })
    })
  },
}
