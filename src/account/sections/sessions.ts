import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Context } from '../../context.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { forgetAccount } from '../../sessions/devices.ts'
import { endSession, isSessionOf, listSessions } from '../../sessions/store.ts'
import { endOne, endOthers } from '../end-sessions.ts'
import { notFound } from '../not-found.ts'
import { type Account, type AccountKit, isAccount, type Section } from '../section.ts'
import { rememberedRows, sessionRows } from '../session-rows.ts'

// Where the person is signed in, and ending that; whom this device remembers, and forgetting that (pages.md A-05, C-06).

const NAME = 'sessions'
const PATH = '/account/sessions'
const OTHERS = `${PATH}/others/end`
const DEVICE = '/account/device'
/** Whoever found an open browser must not lock its owner out everywhere else. */
const WHY = 'account.again.sessions'
const DONE = ['ended', 'others', 'forgotten'] as const

interface Named {
  Params: { id: string }
}

function listPage(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(PATH, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const language = requestLocale(request)
    const rows = await sessionRows(ctx, account, language, PATH)
    const done = queryForm(request).single.get('done')
    return page(reply, request, 'account-sessions', {
      frame: kit.frame(request, account, NAME),
      rows,
      endOthersHref: rows.length > 1 ? OTHERS : undefined,
      remembered: await rememberedRows(ctx, account, language, DEVICE),
      done: DONE.find((one) => one === done),
    })
  })
}

function endOthersPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(OTHERS, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    return page(reply, request, 'account-session-end', { frame: kit.frame(request, account, NAME), action: OTHERS, csrf: kit.token(account, OTHERS), backHref: PATH })
  })

  app.post(OTHERS, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    const form = kit.ownForm(request, account, OTHERS)
    await endOthers(ctx, account.user.userId, account.session.sessionId, form.single.get('offline') === '1')
    return goTo(reply, `${PATH}?done=others`)
  })
}

/** Back, or the other half of a double click: what is over leads to the list. What never was this person's does not exist. */
async function notAnyMore(ctx: Context, reply: FastifyReply, account: Account, sessionId: string): Promise<FastifyReply> {
  if (await isSessionOf(ctx, account.user.userId, sessionId)) return goTo(reply, `${PATH}?done=ended`)
  throw notFound()
}

function endOnePages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get<Named>(`${PATH}/:id/end`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const { id } = request.params
    const row = (await sessionRows(ctx, account, requestLocale(request), PATH)).find((one) => one.id === id)
    if (row === undefined) return notAnyMore(ctx, reply, account, id)
    return page(reply, request, 'account-session-end', { frame: kit.frame(request, account, NAME), action: row.endHref, csrf: kit.token(account, row.endHref), row, backHref: PATH })
  })

  app.post<Named>(`${PATH}/:id/end`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const { id } = request.params
    const form = kit.ownForm(request, account, `${PATH}/${id}/end`)
    if (!(await endOne(ctx, account.user.userId, id, form.single.get('offline') === '1'))) return notAnyMore(ctx, reply, account, id)
    // Their own: there is nothing left here to show a list to.
    return goTo(reply, id === account.session.sessionId ? '/oauth/logout/done' : `${PATH}?done=ended`)
  })
}

/** Forgets an account on this device and, as the account chooser does, signs it out in this browser: else it would still be in the list. */
async function forget(ctx: Context, { browserId, deviceId }: Account, userId: string): Promise<void> {
  if (deviceId !== undefined) await forgetAccount(ctx, deviceId, userId)
  for (const session of await listSessions(ctx, browserId)) if (session.userId === userId && (await endSession(ctx, browserId, session.sessionId))) ctx.audit.record({ event: 'logout', userId })
}

function devicePages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get<Named>(`${DEVICE}/:id/forget`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const row = (await rememberedRows(ctx, account, requestLocale(request), DEVICE)).find(({ id }) => id === request.params.id)
    // Back, after it was forgotten.
    if (row === undefined) return goTo(reply, PATH)
    return page(reply, request, 'account-forget', { frame: kit.frame(request, account, NAME), action: row.forgetHref, csrf: kit.token(account, row.forgetHref), row, backHref: PATH })
  })

  app.post<Named>(`${DEVICE}/:id/forget`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const { id } = request.params
    kit.ownForm(request, account, `${DEVICE}/${id}/forget`)
    if (!(await rememberedRows(ctx, account, 'en', DEVICE)).some((row) => row.id === id)) throw notFound()
    await forget(ctx, account, id)
    return goTo(reply, id === account.user.userId ? '/oauth/logout/done' : `${PATH}?done=forgotten`)
  })
}

export const sessions: Section = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    listPage(app, ctx, kit)
    endOthersPages(app, ctx, kit)
    endOnePages(app, ctx, kit)
    devicePages(app, ctx, kit)
  },
}
