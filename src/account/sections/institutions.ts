import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import type { InstitutionRow } from '../../http/linking-views.ts'
import { type Locale, localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { unlinkIdentity } from '../../signin/unlink.ts'
import { staysOf } from '../../signin/merge.ts'
import { searchProviders } from '../../upstream/search.ts'
import { findAcceptedProvider, findProvider } from '../../upstream/store.ts'
import { listIdentities } from '../../users/identities.ts'
import { hasPassword } from '../../users/passwords.ts'
import { displayName, type User } from '../../users/user.ts'
import { accountClient } from '../account-client.ts'
import { join, leaveToLink, readJoining } from '../linking.ts'
import { notFound } from '../not-found.ts'
import { type Account, type AccountKit, isAccount, type Section } from '../section.ts'

// The institutions that lead to this account: adding one, taking one away, and making one account of two.

const NAME = 'institutions'
const PATH = '/account/institutions'
const ADD = `${PATH}/add`
const JOIN = `${PATH}/join`
const WHY = 'account.again.institutions'
const DONE = ['added', 'merged', 'removed', 'known', 'last', 'failed'] as const
const ROWS = 10
const LONGEST_QUERY = 100

interface Named {
  Params: { id: string }
}

async function institutionName(ctx: Context, providerId: string, language: Locale): Promise<string> {
  const facts = await findProvider(ctx, providerId)
  return facts === undefined ? providerId : localized(facts.provider.name, language)
}

async function rowsOf(ctx: Context, { user }: Account, language: Locale): Promise<{ readonly rows: readonly InstitutionRow[]; readonly hasPassword: boolean }> {
  const [identities, password] = await Promise.all([listIdentities(ctx.db, user.userId), hasPassword(ctx.db, user.userId)])
  const isOnly = identities.length + (password ? 1 : 0) < 2
  const rows = identities.map(async ({ id, providerId, since, usedAt }) => ({ id, name: await institutionName(ctx, providerId, language), since, usedAt, removeHref: isOnly ? undefined : `${PATH}/${id}/remove` }))
  return { rows: await Promise.all(rows), hasPassword: password }
}

async function find(ctx: Context, query: string, language: Locale): Promise<readonly { readonly providerId: string; readonly name: string }[]> {
  if (query === '') return []
  const client = await accountClient(ctx)
  const { found } = await searchProviders(ctx, { clientKey: client.key, rules: client.metadata.login_providers, query, country: undefined, onlyCountry: false, offset: 0, limit: ROWS })
  return found.map(({ provider }) => ({ providerId: provider.provider_id, name: localized(provider.name, language) }))
}

function listPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(PATH, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const language = requestLocale(request)
    const { single } = queryForm(request)
    const done = DONE.find((one) => one === single.get('done'))
    const query = (single.get('q') ?? '').trim().slice(0, LONGEST_QUERY)
    const model = { frame: kit.frame(request, account, NAME), ...(await rowsOf(ctx, account, language)), done, query, searchAction: PATH, found: await find(ctx, query, language), action: ADD, csrf: kit.token(account, ADD) }
    return page(reply, request, 'account-institutions', model, { status: done === 'last' || done === 'failed' ? 409 : 200 })
  })

  // Signed in again on the way: what was picked is picked once more.
  app.get(ADD, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    return isAccount(account) ? goTo(reply, PATH) : account
  })

  app.post(ADD, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    const providerId = kit.ownForm(request, account, ADD).single.get('provider') ?? ''
    const { metadata } = await accountClient(ctx)
    if ((await findAcceptedProvider(ctx, metadata.login_providers, providerId)) === undefined) throw notFound()
    return leaveToLink(ctx, reply, account, providerId)
  })
}

function removePages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get<Named>(`${PATH}/:id/remove`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    const row = (await rowsOf(ctx, account, requestLocale(request))).rows.find(({ id }) => id === request.params.id)
    if (row === undefined) throw notFound()
    const action = `${PATH}/${row.id}/remove`
    return page(reply, request, 'account-institution-remove', { frame: kit.frame(request, account, NAME), row, action, csrf: kit.token(account, action), backHref: PATH })
  })

  app.post<Named>(`${PATH}/:id/remove`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return account
    const { id } = request.params
    kit.ownForm(request, account, `${PATH}/${id}/remove`)
    const result = await unlinkIdentity(ctx, account.user.userId, id, account.session.sessionId)
    if (result === 'unknown') throw notFound()
    return goTo(reply, `${PATH}?done=${result === 'last' ? 'last' : 'removed'}`)
  })
}

async function sideOf(ctx: Context, user: User, providerId: string, since: Date | undefined, stays: boolean, language: Locale) {
  return { name: displayName(user), address: user.claims.email ?? user.username, institution: await institutionName(ctx, providerId, language), since: since ?? new Date(0), stays }
}

function joinPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  async function asked(request: FastifyRequest, reply: FastifyReply) {
    const account = await kit.requireAccount(request, reply, { recent: WHY })
    if (!isAccount(account)) return { reply: account }
    const ticket = queryForm(request).single.get('ticket') ?? ''
    const joining = await readJoining(ctx, account, ticket)
    return typeof joining === 'string' ? { reply: goTo(reply, `${PATH}?done=${joining}`) } : { account, joining, action: `${JOIN}?ticket=${encodeURIComponent(ticket)}` }
  }

  app.get(JOIN, async (request, reply) => {
    const now = await asked(request, reply)
    if (now.joining === undefined) return now.reply
    const { account, joining, action } = now
    const language = requestLocale(request)
    const { from, fromSession, to } = joining
    const { survivor, since } = await staysOf(ctx, from.userId, to.userId)
    const sides = [
      await sideOf(ctx, from, fromSession.providerId, since.get(from.userId), survivor === from.userId, language),
      await sideOf(ctx, to, account.session.providerId, since.get(to.userId), survivor === to.userId, language),
    ]
    return page(reply, request, 'account-join', { frame: kit.frame(request, account, NAME), sides, action, csrf: kit.token(account, `${JOIN}/${from.userId}`), backHref: PATH })
  })

  app.post(JOIN, async (request, reply) => {
    const now = await asked(request, reply)
    if (now.joining === undefined) return now.reply
    const { account, joining } = now
    kit.ownForm(request, account, `${JOIN}/${joining.from.userId}`)
    const language = requestLocale(request)
    const done = await join(ctx, account, joining, language, await institutionName(ctx, account.session.providerId, language))
    return goTo(reply, `${PATH}?done=${done}`)
  })
}

export const institutions: Section = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    listPages(app, ctx, kit)
    removePages(app, ctx, kit)
    joinPages(app, ctx, kit)
  },
}
