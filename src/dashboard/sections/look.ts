import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Client, ownerOf } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import type { FieldFault } from '../../http/dashboard-views.ts'
import { goTo } from '../../http/leave.ts'
import { locales } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { canParseUrl } from '../../lib/can-parse-url.ts'
import type { Form } from '../../protocol/form.ts'
import type { LocalizedText } from '../../protocol/localized-text.ts'
import { nameOfAnother } from '../../upstream/misleading-name.ts'
import { changeClient } from '../change.ts'
import { CLIENTS, clientPath, headOf, mayWith, requireClient } from '../own-client.ts'
import { type DashboardKit, type DashboardSection, type Desk, isDesk } from '../section.ts'

// How an application looks to people: its name in each language, its logo, its pages, and whom to write to.

const languages = Object.keys(locales)
const links = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'initiate_login_uri'] as const

type Typed = Readonly<Record<string, string>>

function kept({ metadata }: Client): Typed {
  const { client_name: name } = metadata
  const names = languages.map((language) => [`name-${language}`, typeof name === 'string' ? (language === 'en' ? name : '') : (name?.[language] ?? '')])
  return Object.fromEntries([...names, ...links.map((link) => [link, metadata[link] ?? '']), ['contacts', metadata.contacts.join(', ')]])
}

function readTyped({ single }: Form): Typed {
  return Object.fromEntries([...languages.map((language) => `name-${language}`), ...links, 'contacts'].map((name) => [name, (single.get(name) ?? '').trim()]))
}

/** Languages that the form does not have stay as they were. */
function nameOf(typed: Typed, before: LocalizedText | undefined): LocalizedText | undefined {
  const others = typeof before === 'object' ? Object.entries(before).filter(([language]) => !languages.includes(language)) : []
  const given = [...languages.flatMap((language) => (typed[`name-${language}`] ? [[language, typed[`name-${language}`] ?? ''] as const] : [])), ...others]
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

function contactsOf(typed: Typed): string[] {
  return (typed['contacts'] ?? '').split(/[\s,;]+/).filter((one) => one !== '')
}

function addressFaults(typed: Typed): readonly FieldFault[] {
  const wrong = links.filter((link) => typed[link] !== '' && !(canParseUrl(typed[link] ?? '') && (typed[link] ?? '').startsWith('https://')))
  return [
    ...wrong.map((field) => ({ field, fault: 'address' })),
    ...(contactsOf(typed).some((one) => !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(one) || one.length > 200) || contactsOf(typed).length > 10 ? [{ field: 'contacts', fault: 'contacts' }] : []),
  ]
}

async function faultsOf(ctx: Context, client: Client, typed: Typed, name: LocalizedText | undefined): Promise<readonly FieldFault[]> {
  const long = languages.filter((language) => (typed[`name-${language}`] ?? '').length > 200).map((language) => ({ field: `name-${language}`, fault: 'long' }))
  if (name === undefined) return [{ field: 'name-en', fault: 'empty' }, ...addressFaults(typed)]
  // What an operator's file says is not asked about again; only a name that is new.
  const changed = JSON.stringify(name) !== JSON.stringify(nameOf(kept(client), client.metadata.client_name))
  const isTaken = changed && long.length === 0 && (await nameOfAnother(ctx, { client_name: name })) !== undefined
  return [...long, ...(isTaken ? [{ field: 'name-en', fault: 'taken' }] : []), ...addressFaults(typed)]
}

async function show(request: FastifyRequest, reply: FastifyReply, kit: DashboardKit, desk: Desk, client: Client, typed: Typed, faults: readonly FieldFault[]): Promise<FastifyReply> {
  const model = {
    desk: await kit.frame(request, desk, 'clients', ownerOf(client)),
    head: headOf(client, requestLocale(request), 'look'),
    action: clientPath(client.clientId, 'look'),
    csrf: kit.token(desk, `look/${client.clientId}`),
    names: Object.entries(locales).map(([language, own]) => ({ language, own, value: typed[`name-${language}`] ?? '' })),
    links: links.map((name) => ({ name, value: typed[name] ?? '' })),
    contacts: typed['contacts'] ?? '',
    mayChange: mayWith(desk, client, 'change'),
    faults,
  }
  return page(reply, request, 'dashboard-look', model, { status: faults.length > 0 ? 400 : 200 })
}

interface Named {
  Params: { id: string }
}

export const look: DashboardSection = {
  name: 'look',
  pages: (app: FastifyInstance, ctx, kit) => {
    app.get<Named>(`${CLIENTS}/:id/look`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const client = await requireClient(ctx, desk, request.params.id)
      return show(request, reply, kit, desk, client, kept(client), [])
    })

    app.post<Named>(`${CLIENTS}/:id/look`, async (request, reply) => {
      const desk = await kit.requireDesk(request, reply)
      if (!isDesk(desk)) return desk
      const typed = readTyped(kit.ownForm(request, desk, `look/${request.params.id}`))
      const client = await requireClient(ctx, desk, request.params.id, 'change')
      const name = nameOf(typed, client.metadata.client_name)
      const faults = await faultsOf(ctx, client, typed, name)
      if (faults.length > 0) return show(request, reply, kit, desk, client, typed, faults)
      const address = (link: (typeof links)[number]): string | undefined => (typed[link] === '' ? undefined : typed[link])
      const changes = { client_name: name, client_uri: address('client_uri'), logo_uri: address('logo_uri'), policy_uri: address('policy_uri'), tos_uri: address('tos_uri'), initiate_login_uri: address('initiate_login_uri'), contacts: contactsOf(typed) }
      const wrong = await changeClient(ctx, desk, client, changes)
      if (wrong.length > 0) return show(request, reply, kit, desk, client, typed, wrong.map(({ path }) => ({ field: path.split('.')[0] ?? 'contacts', fault: 'address' })))
      return goTo(reply, `${clientPath(client.clientId)}?done=look`)
    })
  },
}
