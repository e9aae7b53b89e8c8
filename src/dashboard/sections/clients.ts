import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Client, clientName } from '../../clients/client.ts'
import { applicationTypes } from '../../clients/metadata.ts'
import { findClientByKey, listOwnedClients } from '../../clients/store.ts'
import { listOffers } from '../../clients/transfers.ts'
import type { Context } from '../../context.ts'
import type { ClientRow, DashboardClientsModel } from '../../http/dashboard-views.ts'
import { queryForm } from '../../http/forms.ts'
import type { Locale } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { can } from '../../organizations/can.ts'
import { countConsents } from '../../users/consents.ts'
import { forOwner, ownerName } from '../acting-for.ts'
import { clientPath } from '../own-client.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'
import { insecureOrigins } from '../typed-address.ts'

// The first page: the applications of the owner that somebody acts for. Search, kind, order and page stand in the address (P-10).

const NAME = 'clients'
const PATH = '/dashboard'
const ON_A_PAGE = 50
/** Of one owner; whoever has more uses the API. */
const MOST = 1000
const SORTS = ['name', 'kind', 'status'] as const
const DONE = ['removed', 'transferred'] as const

interface Listed {
  readonly client: Client
  readonly name: string
}

function byText(of: (one: Listed) => string, language: Locale): (a: Listed, b: Listed) => number {
  return (a, b) => of(a).localeCompare(of(b), language === 'en-XA' || language === 'ar-XB' ? 'en' : language)
}

function sorted(all: readonly Listed[], sort: (typeof SORTS)[number], language: Locale): readonly Listed[] {
  const named = all.toSorted(byText(({ name }) => name, language))
  if (sort === 'name') return named
  return named.toSorted(byText(({ client }) => (sort === 'kind' ? client.metadata.application_type : client.status), language))
}

async function rowOf(ctx: Context, { client, name }: Listed): Promise<ClientRow> {
  const { clientId: id, metadata, status } = client
  return { id, name, kind: metadata.application_type, status, insecure: insecureOrigins(metadata.redirect_uris).length > 0, people: await countConsents(ctx.db, client.key), href: clientPath(id) }
}

/** What others offer to whom somebody acts for, as far as they may take it. */
async function offersTo(ctx: Context, { acting, actor }: Desk, language: Locale): Promise<DashboardClientsModel['offers']> {
  if (!can(actor, 'create', { kind: 'client', owner: acting })) return []
  const found = await listOffers(ctx.db, acting.organization === undefined ? { userId: actor.userId } : { organization: acting.organization })
  const clients = await Promise.all(found.map(({ clientKey }) => findClientByKey(ctx, clientKey)))
  return clients.flatMap((client) => (client === undefined ? [] : [{ name: clientName(client, language), href: `/dashboard/offers/${encodeURIComponent(client.clientId)}` }]))
}

async function modelOf(ctx: Context, request: FastifyRequest, kit: DashboardKit, desk: Desk): Promise<DashboardClientsModel> {
  const language = requestLocale(request)
  const { single } = queryForm(request)
  const { acting } = desk
  const [query, kind] = [(single.get('q') ?? '').slice(0, 200), applicationTypes.find((one) => one === single.get('kind')) ?? '']
  const sort = SORTS.find((one) => one === single.get('sort')) ?? 'name'
  const of = acting.organization === undefined ? { organizations: [], userId: acting.userId } : { organizations: [acting.organization] }
  const all = (await listOwnedClients(ctx.db, of, { limit: MOST })).map((client) => ({ client, name: clientName(client, language) }))
  const meant = query.toLowerCase()
  const found = all.filter(({ client, name }) => (kind === '' || client.metadata.application_type === kind) && (name.toLowerCase().includes(meant) || client.clientId.includes(meant)))
  const pages = Math.max(1, Math.ceil(found.length / ON_A_PAGE))
  const at = Math.min(pages, Math.max(1, Number(/^\d{1,4}$/.exec(single.get('page') ?? '')?.[0] ?? 1)))
  const address = (changes: Readonly<Record<string, string>>): string => `${PATH}?${new URLSearchParams({ owner: ownerName(acting), ...(query === '' ? {} : { q: query }), ...(kind === '' ? {} : { kind }), sort, ...changes })}`
  return {
    desk: await kit.frame(request, desk, NAME),
    rows: await Promise.all(sorted(found, sort, language).slice((at - 1) * ON_A_PAGE, at * ON_A_PAGE).map((one) => rowOf(ctx, one))),
    found: found.length,
    total: all.length,
    query,
    kind,
    sort,
    owner: ownerName(acting),
    sorts: SORTS.map((name) => ({ name, href: address({ sort: name }), current: name === sort })),
    registerHref: can(desk.actor, 'create', { kind: 'client', owner: acting }) ? forOwner('/dashboard/register', acting) : undefined,
    previousHref: at > 1 ? address({ page: String(at - 1) }) : undefined,
    nextHref: at < pages ? address({ page: String(at + 1) }) : undefined,
    offers: await offersTo(ctx, desk, language),
    done: DONE.find((one) => one === single.get('done')),
  }
}

export const clients: DashboardSection = {
  name: NAME,
  path: PATH,
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get(PATH, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      return isDesk(desk) ? page(reply, request, 'dashboard-clients', await modelOf(ctx, request, kit, desk)) : desk
    })
  },
}
