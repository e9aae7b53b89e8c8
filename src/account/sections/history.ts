import type { FastifyInstance } from 'fastify'
import { readHistory } from '../../audit/history.ts'
import type { Context } from '../../context.ts'
import { queryForm } from '../../http/forms.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { historyRow } from '../history-rows.ts'
import { dataExport, historyExport } from '../my-data.ts'
import { sendFile } from '../send-file.ts'
import { type AccountKit, isAccount, type Section } from '../section.ts'

// What happened in the person's name, in words and as files to take along (pages.md A-07). Nothing is changed here.

const NAME = 'history'
const PATH = '/account/history'
const ROWS = 25
const HISTORY_FILE = '/account/history.json'
const DATA_FILE = '/account/data.json'

function pages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(PATH, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const language = requestLocale(request)
    const before = queryForm(request).single.get('before')
    // What the person did a moment ago belongs on the page.
    await ctx.audit.flush()
    const entries = await readHistory(ctx.db, ctx.clock, account.user.userId, { before, limit: ROWS + 1 })
    const shown = entries.slice(0, ROWS)
    const last = shown.at(-1)
    return page(reply, request, 'account-history', {
      frame: kit.frame(request, account, NAME),
      rows: await Promise.all(shown.map((entry) => historyRow(ctx, entry, language))),
      newestHref: before === undefined ? undefined : PATH,
      olderHref: entries.length > ROWS && last !== undefined ? `${PATH}?before=${last.id}` : undefined,
      historyHref: HISTORY_FILE,
      dataHref: DATA_FILE,
    })
  })

  app.get(HISTORY_FILE, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    return isAccount(account) ? sendFile(reply, 'history.json', { history: await historyExport(ctx, account.user) }) : account
  })

  app.get(DATA_FILE, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    return isAccount(account) ? sendFile(reply, 'my-data.json', await dataExport(ctx, account.user)) : account
  })
}

export const history: Section = { name: NAME, path: PATH, pages }
