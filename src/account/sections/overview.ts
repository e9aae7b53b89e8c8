import type { Context } from '../../context.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { findOrganization } from '../../organizations/store.ts'
import { isAccount, type Section } from '../section.ts'

// The first page: who this service takes the person for. It comes from the institution or the operator; nothing is changed here.

const NAME = 'overview'
const PATH = '/account'

export const overview: Section = {
  name: NAME,
  path: PATH,
  pages: (app, ctx: Context, kit) => {
    app.get(PATH, async (request, reply) => {
      const account = await kit.requireAccount(request, reply)
      if (!isAccount(account)) return account
      const { user } = account
      const language = requestLocale(request)
      const organization = await findOrganization(ctx, user.organizationId)
      return page(reply, request, 'account-overview', {
        frame: kit.frame(request, account, NAME),
        facts: { name: user.claims.name, username: user.username, email: user.claims.email, organization: organization && localized(organization.name, language), groups: user.groups },
      })
    })
  },
}
