import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Client, ownerOf } from '../../clients/client.ts'
import type { ClientMetadata } from '../../clients/metadata.ts'
import type { Context } from '../../context.ts'
import type { AddressListModel, DashboardAddressesModel } from '../../http/dashboard-views.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import type { Form } from '../../protocol/form.ts'
import { changeClient } from '../change.ts'
import { CLIENTS, clientPath, headOf, mayWith, requireClient } from '../own-client.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'
import { addressFault, insecureOrigins, listFaults, originFault, type TypedFault } from '../typed-address.ts'

// The addresses of an application: where people come back to, where they land after signing out, which pages may ask with script. One field an
// address; adding and removing are submits that keep what was typed, and change nothing until it is saved (P-04).

const MOST = 40

/** The lists, by their part of the address. */
const lists = { redirect: 'redirect_uris', logout: 'post_logout_redirect_uris', origins: 'allowed_origins' } as const
type ListName = keyof typeof lists

interface Typed {
  readonly values: readonly string[]
  readonly accepted: boolean
  /** The field that was just added. */
  readonly added?: number
}

const WITHOUT_FAULTS: ReadonlyMap<number, TypedFault> = new Map()

function kept({ metadata }: Client, list: ListName): Typed {
  return { values: metadata[lists[list]], accepted: metadata.compatibility.includes('plain_http_redirect') }
}

function readTyped({ single }: Form): Typed {
  const count = Math.min(MOST, Number(/^\d{1,2}$/.exec(single.get('count') ?? '')?.[0] ?? 0))
  return { values: Array.from({ length: count }, (_, i) => (single.get(`a${i}`) ?? '').trim()), accepted: single.get('insecure') === '1' }
}

function modelOfList(kit: DashboardKit, desk: Desk, client: Client, list: ListName, typed: Typed, faults: ReadonlyMap<number, TypedFault>): AddressListModel {
  const values = typed.values.length === 0 ? [''] : typed.values
  return {
    list,
    action: clientPath(client.clientId, `addresses/${list}`),
    csrf: kit.token(desk, `addresses/${client.clientId}`),
    fields: values.map((value, i) => ({ value, fault: faults.get(i) })),
    added: typed.added,
    mayAdd: values.length < MOST,
    insecure: list === 'origins' ? undefined : insecureOrigins(values.filter((value) => addressFault(value, { native: true, insecure: true }) === undefined))[0],
    accepted: typed.accepted,
  }
}

interface Shown {
  readonly list: ListName
  readonly typed: Typed
  readonly faults: ReadonlyMap<number, TypedFault>
}

async function show(request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, client: Client, shown?: Shown): Promise<FastifyReply> {
  const model: DashboardAddressesModel = {
    desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
    head: headOf(client, requestLocale(request), 'addresses'),
    mayChange: mayWith(desk, client, 'change'),
    lists: (Object.keys(lists) as ListName[]).map((list) => modelOfList(kit, desk, client, list, shown?.list === list ? shown.typed : kept(client, list), shown?.list === list ? shown.faults : WITHOUT_FAULTS)),
  }
  return page(reply, request, 'dashboard-addresses', model, { status: (shown?.faults.size ?? 0) > 0 ? 400 : 200 })
}

function faultsOf({ metadata }: Client, list: ListName, { accepted }: Typed, values: readonly string[]): ReadonlyMap<number, TypedFault> {
  const native = metadata.application_type === 'native'
  const found = listFaults(values, (address) => (list === 'origins' ? originFault(address) : addressFault(address, { native, insecure: accepted })))
  return list === 'redirect' && values.length === 0 ? new Map([[0, { fault: 'empty' }]]) : found
}

/** Plain http in any list is for development; without any, the switch is off again. */
function standing(metadata: ClientMetadata): Pick<ClientMetadata, 'compatibility' | 'status'> {
  const others = metadata.compatibility.filter((name) => name !== 'plain_http_redirect')
  const insecure = insecureOrigins([...metadata.redirect_uris, ...metadata.post_logout_redirect_uris]).length > 0
  return insecure ? { compatibility: [...others, 'plain_http_redirect'], status: metadata.status === 'production' ? 'development' : metadata.status } : { compatibility: others, status: metadata.status }
}

async function save(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, client: Client, list: ListName, typed: Typed): Promise<FastifyReply> {
  const values = typed.values.filter((value) => value !== '')
  const faults = faultsOf(client, list, typed, values)
  if (faults.size > 0) return show(request, reply, kit, desk, client, { list, typed: { ...typed, values }, faults })
  const changed = { ...client.metadata, [lists[list]]: values }
  const wrong = await changeClient(ctx, desk, client, { [lists[list]]: values, ...standing(changed) })
  // A rule that is none of one address: said at the first.
  if (wrong.length > 0) return show(request, reply, kit, desk, client, { list, typed: { ...typed, values }, faults: new Map([[0, { fault: 'other' }]]) })
  return goTo(reply, `${clientPath(client.clientId)}?done=addresses`)
}

interface Named {
  Params: { id: string; list: string }
}

export const addresses: DashboardSection = {
  name: 'addresses',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<Named>(`${CLIENTS}/:id/addresses`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      return isDesk(desk) ? show(request, reply, kit, desk, await requireClient(ctx, desk, request.params.id)) : desk
    })

    for (const list of Object.keys(lists) as ListName[]) {
      const path = `${CLIENTS}/:id/addresses/${list}`
      app.get<Named>(path, async (request, reply) => goTo(reply, clientPath(request.params.id, 'addresses')))
      app.post<Named>(path, async (request, reply) => {
        const desk = await kit.requireDesk(request, reply)
        if (!isDesk(desk)) return desk
        const form = kit.ownForm(request, desk, `addresses/${request.params.id}`)
        const client = await requireClient(ctx, desk, request.params.id, 'change')
        const typed = readTyped(form)
        const act = form.single.get('act') ?? 'save'
        const removed = /^remove-(\d{1,2})$/.exec(act)?.[1]
        if (removed !== undefined) return show(request, reply, kit, desk, client, { list, typed: { ...typed, values: typed.values.toSpliced(Number(removed), 1) }, faults: WITHOUT_FAULTS })
        if (act === 'add') return show(request, reply, kit, desk, client, { list, typed: { ...typed, values: [...typed.values, ''].slice(0, MOST), added: typed.values.length }, faults: WITHOUT_FAULTS })
        return save(ctx, request, reply, kit, desk, client, list, typed)
      })
    }
  },
}
