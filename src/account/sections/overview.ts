import type { Context } from '../../context.ts'
import type { AccountFact } from '../../http/account-views.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { findOrganization } from '../../organizations/store.ts'
import { findProvider } from '../../upstream/store.ts'
import type { User } from '../../users/user.ts'
import { isAccount, type Section } from '../section.ts'

// The first page: who this service takes the person for. It comes from the institution or the operator; nothing is changed here.

const NAME = 'overview'
const PATH = '/account'

function claimFacts({ claims, username }: User): Partial<Record<AccountFact, string | undefined>> {
  const { name, nickname, email, birthdate, address } = claims
  return { name, 'given-name': claims.given_name, 'family-name': claims.family_name, nickname, username, email, phone: claims.phone_number, address: address?.formatted ?? address?.locality, birthdate }
}

export const overview: Section = {
  name: NAME,
  path: PATH,
  pages: (app, ctx: Context, kit) => {
    app.get(PATH, async (request, reply) => {
      const account = await kit.requireAccount(request, reply)
      if (!isAccount(account)) return account
      const { user, session } = account
      const language = requestLocale(request)
      const [organization, facts] = await Promise.all([findOrganization(ctx, user.organizationId), findProvider(ctx, session.providerId)])
      return page(reply, request, 'account-overview', {
        frame: kit.frame(request, account, NAME),
        facts: { ...claimFacts(user), organization: organization && localized(organization.name, language) },
        emailVerified: user.claims.email_verified === true,
        groups: user.groups,
        institution: facts && localized(facts.provider.name, language),
      })
    })
  },
}
