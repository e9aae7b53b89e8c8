import type { Api } from '../../apis/api.ts'
import { listApis, readApis } from '../../apis/store.ts'
import { localized } from '../../http/locale.ts'
import { code, fact, link, text, word } from '../cells.ts'
import { registerList, ROWS, stands } from '../list-page.ts'
import type { AdminSection } from '../section.ts'
import { registerThing } from '../thing-page.ts'

// APIs: which there are, whose, and what they let clients ask for.

const NAME = 'apis'
const PATH = '/admin/apis'

export const apis: AdminSection = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    registerList<Api>(app, kit, {
      section: NAME,
      path: PATH,
      names: [{ name: 'q', hint: true }],
      columns: ['name', 'id', 'organization', 'audience'],
      find: async ({ language, filters, after = '' }) => {
        // The documents were written through the schema of APIs.
        const all = (await listApis(ctx.db)).map(({ document }) => document as Api)
        return all.filter((api) => api.api_id > after && stands(filters.get('q'), [api.api_id, localized(api.name, language), api.organization ?? ''])).slice(0, ROWS + 1)
      },
      idOf: (api) => api.api_id,
      cells: (api, language) => [link(localized(api.name, language), `${PATH}/${api.api_id}`), code(api.api_id), code(api.organization), code(api.audience)],
    })
    registerThing<Api>(app, kit, {
      section: NAME,
      path: PATH,
      find: async (id) => (await readApis(ctx.db, [id]))[0],
      show: async (api, language) => ({
        title: localized(api.name, language),
        facts: [
          fact('id', code(api.api_id)),
          fact('organization', ...(api.organization === undefined ? [] : [link(api.organization, `/admin/organizations/${api.organization}`)])),
          fact('audience', code(api.audience)),
          fact('upstream', code(api.upstream === undefined ? undefined : new URL(api.upstream).origin)),
          fact('token-format', code(api.access_token_format)),
          fact('require-user', word(api.require_user ? 'yes' : 'no')),
          fact('events', link(api.api_id, `/admin/audit?${new URLSearchParams({ target: api.api_id })}`)),
        ],
        tables: [{ name: 'scopes', columns: ['scope', 'title', 'approval'], rows: Object.entries(api.scopes).map(([name, scope]) => ({ id: name, cells: [code(`gk_${api.api_id}_${name}`), text(localized(scope.title, language)), word(`approval-${scope.approval}`)] })) }],
      }),
    })
  },
}
