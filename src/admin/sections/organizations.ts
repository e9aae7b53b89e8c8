import type { Context } from '../../context.ts'
import type { AdminTable } from '../../http/admin-views.ts'
import { localized } from '../../http/locale.ts'
import { listMembers } from '../../organizations/members.ts'
import type { Organization } from '../../organizations/organization.ts'
import { listOrganizations, readOrganization } from '../../organizations/store.ts'
import { listProvidersOf } from '../../upstream/store.ts'
import { findUsers } from '../../users/store.ts'
import { displayName } from '../../users/user.ts'
import { code, fact, link, moment, text, word } from '../cells.ts'
import { registerList, ROWS, stands } from '../list-page.ts'
import type { AdminSection } from '../section.ts'
import { registerThing } from '../thing-page.ts'

// Organizations: whose realms are whose, and who works for them. They are changed in files and through the management API.

const NAME = 'organizations'
const PATH = '/admin/organizations'
const MOST_LISTED = 100

async function memberTable(ctx: Context, id: string): Promise<AdminTable> {
  const members = await listMembers(ctx.db, id, { limit: MOST_LISTED })
  const people = new Map((await findUsers(ctx.db, members.map(({ userId }) => userId))).map((user) => [user.userId, user]))
  const rows = members.map(({ userId, role, since }) => {
    const user = people.get(userId)
    return { id: userId, cells: [link(user === undefined ? userId : displayName(user), `/admin/users/${userId}`), word(role), moment(since)] }
  })
  return { name: 'members', columns: ['name', 'role', 'since'], rows }
}

export const organizations: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    registerList<Organization>(app, kit, {
      section: NAME,
      path: PATH,
      names: [{ name: 'q', hint: true }],
      columns: ['name', 'id', 'realms', 'country'],
      find: async ({ language, filters, after = '' }) => {
        // The documents were written through the schema of organizations.
        const all = (await listOrganizations(ctx.db)).map(({ document }) => document as Organization)
        return all.filter(({ organization_id: id, name, realms }) => id > after && stands(filters.get('q'), [id, localized(name, language), ...realms])).slice(0, ROWS + 1)
      },
      idOf: ({ organization_id: id }) => id,
      cells: ({ organization_id: id, name, realms, country }, language) => [link(localized(name, language), `${PATH}/${id}`), code(id), code(realms.join(' ')), text(country?.toUpperCase())],
    })
    registerThing<Organization>(app, kit, {
      section: NAME,
      path: PATH,
      find: (id) => readOrganization(ctx.db, id),
      show: async ({ organization_id: id, name, realms, country, second_factor: factor }, language) => ({
        title: localized(name, language),
        facts: [
          fact('id', code(id)),
          fact('realms', ...realms.map(code)),
          fact('country', text(country?.toUpperCase())),
          fact('second-factor', word(factor === 'required' ? 'required' : 'optional')),
          fact('providers', ...(await listProvidersOf(ctx, id, MOST_LISTED)).map((provider) => link(provider, `/admin/providers/${provider}`))),
          fact('people', link(id, `/admin/users?${new URLSearchParams({ organization: id })}`)),
          fact('events', link(id, `/admin/audit?${new URLSearchParams({ target: id })}`)),
        ],
        tables: [await memberTable(ctx, id)],
      }),
    })
  },
}
