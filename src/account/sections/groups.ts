import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { createGroup } from '../../groups/ad-hoc.ts'
import { groupsOf } from '../../groups/ask.ts'
import type { Group } from '../../groups/group.ts'
import { queryForm } from '../../http/forms.ts'
import type { GroupRow } from '../../http/groups-views.ts'
import { goTo } from '../../http/leave.ts'
import { type Locale, localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { GROUPS, groupPages } from '../group-pages.ts'
import { invitationPages } from '../group-invitation.ts'
import { type Account, type AccountKit, isAccount, type Section } from '../section.ts'

// The groups that the person is in, and making one.

const NAME = 'groups'
const DONE = ['left', 'deleted'] as const
const LONGEST_NAME = 100
const LONGEST_DESCRIPTION = 500

const KINDS: Readonly<Record<string, GroupRow['kind']>> = { 'fc:org': 'organization', 'voot:ad-hoc': 'adhoc' }

function rowOf({ id, displayName, type, membership }: Group, language: Locale): GroupRow {
  const kind = KINDS[type] ?? 'institution'
  return { name: localized(displayName, language), kind, role: membership?.basic ?? 'member', href: kind === 'adhoc' ? `${GROUPS}/${id.slice('fc:adhoc:'.length)}` : undefined }
}

/** One line of what was typed: what is not seen is not there. */
function lineOf(text: string | undefined): string {
  return (text ?? '').replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, kit: AccountKit, account: Account, typed: { readonly name: string; readonly description: string; readonly fault?: 'name' | 'many' }): Promise<FastifyReply> {
  const { groups: all, missing } = await groupsOf(ctx, account.user.userId)
  const language = requestLocale(request)
  const done = typed.fault === undefined ? DONE.find((one) => one === queryForm(request).single.get('done')) : undefined
  const model = { frame: kit.frame(request, account, NAME), rows: all.map((group) => rowOf(group, language)), partial: missing.length > 0, done, ...typed, action: GROUPS, csrf: kit.token(account, GROUPS) }
  return page(reply, request, 'account-groups', model, { status: typed.fault === undefined ? 200 : 400 })
}

function pages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(GROUPS, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    return isAccount(account) ? show(ctx, request, reply, kit, account, { name: '', description: '' }) : account
  })

  app.post(GROUPS, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const { single } = kit.ownForm(request, account, GROUPS)
    const [name, description] = [lineOf(single.get('name')), lineOf(single.get('description'))]
    if (name === '' || name.length > LONGEST_NAME || description.length > LONGEST_DESCRIPTION) return show(ctx, request, reply, kit, account, { name, description, fault: 'name' })
    const groupId = await createGroup(ctx, account.user.userId, { name, description: description === '' ? undefined : description })
    if (groupId === undefined) return show(ctx, request, reply, kit, account, { name, description, fault: 'many' })
    ctx.audit.record({ event: 'group.changed', userId: account.user.userId, groupId, change: 'made' })
    return goTo(reply, `${GROUPS}/${groupId}?done=created`)
  })
}

export const groups: Section = {
  name: NAME,
  path: GROUPS,
  pages: (app, ctx, kit) => {
    pages(app, ctx, kit)
    invitationPages(app, ctx, kit)
    groupPages(app, ctx, kit)
  },
}
