import type { FastifyInstance } from 'fastify'
import { notFound } from '../../account/not-found.ts'
import type { Context } from '../../context.ts'
import type { AdminTable } from '../../http/admin-views.ts'
import { type Locale, localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { listMembers } from '../../organizations/members.ts'
import type { Organization } from '../../organizations/organization.ts'
import { listOrganizations, readOrganization } from '../../organizations/store.ts'
import { listProvidersOf } from '../../upstream/store.ts'
import { findUsers } from '../../users/store.ts'
import { displayName } from '../../users/user.ts'
import { code, fact, link, moment, text, word } from '../cells.ts'
import { listModel, readAfter, readFilters, ROWS } from '../list-page.ts'
import { type AdminKit, type AdminSection, isOperator } from '../section.ts'

// Organizations: whose realms are whose, and who works for them. They are changed in files and through the management API.

const NAME = 'organizations'
const PATH = '/admin/organizations'
const FILTERS = [{ name: 'q', hint: true }] as const
const MOST_LISTED = 100

interface Named {
  Params: { id: string }
}

function fits(organization: Organization, query: string | undefined, language: Locale): boolean {
  const wanted = query?.toLowerCase()
  return wanted === undefined || [organization.organization_id, localized(organization.name, language), ...organization.realms].some((known) => known.toLowerCase().includes(wanted))
}

function listPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  app.get(PATH, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const language = requestLocale(request)
    const filters = readFilters(request, FILTERS)
    const after = readAfter(request) ?? ''
    const things = (await listOrganizations(ctx.db)).filter(({ id }) => id > after).map(({ document }) => document as Organization).filter((organization) => fits(organization, filters.get('q'), language)).slice(0, ROWS + 1)
    return page(reply, request, 'admin-list', listModel(kit, request, operator, {
      section: NAME, path: PATH, names: FILTERS, filters, things,
      columns: ['name', 'id', 'realms', 'country'],
      idOf: (organization) => organization.organization_id,
      cells: (organization) => [link(localized(organization.name, language), `${PATH}/${organization.organization_id}`), code(organization.organization_id), code(organization.realms.join(' ')), text(organization.country?.toUpperCase())],
    }))
  })
}

async function memberTable(ctx: Context, id: string): Promise<AdminTable> {
  const members = await listMembers(ctx.db, id, { limit: MOST_LISTED })
  const people = new Map((await findUsers(ctx.db, members.map(({ userId }) => userId))).map((user) => [user.userId, user]))
  const rows = members.map(({ userId, role, since }) => {
    const user = people.get(userId)
    return { id: userId, cells: [link(user === undefined ? userId : displayName(user), `/admin/users/${userId}`), word(role), moment(since)] }
  })
  return { name: 'members', columns: ['name', 'role', 'since'], rows }
}

function organizationPage(app: FastifyInstance, ctx: Context, kit: AdminKit): void {
  app.get<Named>(`${PATH}/:id`, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply)
    if (!isOperator(operator)) return operator
    const organization = await readOrganization(ctx.db, request.params.id)
    if (organization === undefined) throw notFound()
    const { organization_id: id, name, realms, country, second_factor: factor } = organization
    return page(reply, request, 'admin-thing', {
      admin: kit.frame(operator, NAME),
      section: NAME,
      title: localized(name, requestLocale(request)),
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
      actions: [],
      backHref: PATH,
    })
  })
}

export const organizations: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    listPage(app, ctx, kit)
    organizationPage(app, ctx, kit)
  },
}
