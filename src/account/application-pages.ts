import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type ConsentObject, listConsentObjects, withdrawConsents } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import type { AccountApplicationModel, GivenConsentRow } from '../http/consent-views.ts'
import { queryForm } from '../http/forms.ts'
import { goTo } from '../http/leave.ts'
import type { Locale } from '../http/locale.ts'
import { page, requestLocale } from '../http/pages.ts'
import { scopeItem } from '../signin/scope-items.ts'
import { listRefreshes } from '../tokens/grants.ts'
import type { User } from '../users/user.ts'
import { type Application, applicationRow, lastOf, listApplications, requireApplication, scopesOf } from './application-rows.ts'
import { consentReceipt } from './receipt.ts'
import { sendFile } from './send-file.ts'
import { type Account, type AccountKit, isAccount } from './section.ts'
import { isRemovable, withdrawScope } from './withdraw-scope.ts'
import { withdraw } from '../tokens/withdraw-consent.ts'

// One application of the person's: what it may have and when it last got it, taking back a part of that, the receipt; and taking back
// everything from all of them (product.md M5.9).

const NAME = 'applications'
const PATH = '/account/applications'
const ALL = 'remove-all'

async function consentRow(ctx: Context, user: User, object: ConsentObject, language: Locale): Promise<GivenConsentRow> {
  const { consentId: id, status, createdAt: since, expiresAt: until, uses, usedAt: usedOn, scopes } = object
  return { id, status, since, until, uses, usedOn, items: await Promise.all(scopes.map((scope) => scopeItem(ctx, scope, user, language))) }
}

/** What was taken back a moment ago, as the address says it; only what is gone indeed. */
async function removedItem(ctx: Context, request: FastifyRequest, user: User, application: Application, language: Locale): Promise<AccountApplicationModel['removed']> {
  const scope = queryForm(request).single.get('removed')
  if (scope === undefined || scope === 'consent') return scope
  return scopesOf(application).includes(scope) ? undefined : scopeItem(ctx, scope.slice(0, 200), user, language)
}

async function modelOf(ctx: Context, request: FastifyRequest, kit: AccountKit, account: Account, id: string): Promise<AccountApplicationModel> {
  const { user } = account
  const language = requestLocale(request)
  const application = await requireApplication(ctx, user, id, language)
  const { consent, live } = application
  const [refreshes, objects] = await Promise.all([listRefreshes(ctx, user.userId, consent.clientKey), listConsentObjects(ctx, user.userId, consent.clientKey)])
  const scopes = [...scopesOf(application), ...(live?.offline === true ? ['offline_access'] : [])]
  return {
    frame: kit.frame(request, account, NAME),
    row: await applicationRow(ctx, user, application, language, PATH),
    action: `${PATH}/${id}`,
    csrf: kit.token(account, `${NAME}/${id}`),
    scopes: await Promise.all(scopes.map(async (scope) => ({ item: await scopeItem(ctx, scope, user, language), usedOn: lastOf(consent.scopeUses.get(scope), refreshes.get(scope)), removable: isRemovable(application, scope) }))),
    consents: await Promise.all(objects.map((object) => consentRow(ctx, user, object, language))),
    removed: await removedItem(ctx, request, user, application, language),
    receiptHref: `${PATH}/${id}/receipt.json`,
    backHref: PATH,
  }
}

interface Named {
  Params: { id: string }
}

export function applicationPages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(`${PATH}/${ALL}`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const all = await listApplications(ctx, account.user, requestLocale(request))
    if (all.length === 0) return goTo(reply, `${PATH}?removed=all`)
    return page(reply, request, 'account-applications-remove', { frame: kit.frame(request, account, NAME), action: `${PATH}/${ALL}`, csrf: kit.token(account, ALL), names: all.map(({ name }) => name), backHref: PATH })
  })

  app.post(`${PATH}/${ALL}`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    kit.ownForm(request, account, ALL)
    // One after the other: each is whole, and what was under way elsewhere is waited for.
    for (const { consent } of await listApplications(ctx, account.user, requestLocale(request))) await withdraw(ctx, account.user.userId, consent.consentId)
    return goTo(reply, `${PATH}?removed=all`)
  })

  app.get<Named>(`${PATH}/:id`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    return isAccount(account) ? page(reply, request, 'account-application', await modelOf(ctx, request, kit, account, request.params.id)) : account
  })

  app.post<Named>(`${PATH}/:id`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const { id } = request.params
    const { single } = kit.ownForm(request, account, `${NAME}/${id}`)
    const { userId } = account.user
    const application = await requireApplication(ctx, account.user, id, requestLocale(request))
    const [scope, consentId] = [single.get('scope'), single.get('consent')]
    if (consentId !== undefined) {
      const taken = await withdrawConsents(ctx, { consentId, userId }, 'person')
      if (taken > 0) ctx.audit.record({ event: 'consent.removed', userId, clientId: application.client.clientId })
      return goTo(reply, `${PATH}/${id}?removed=consent`)
    }
    if (scope === undefined) return goTo(reply, `${PATH}/${id}`)
    await withdrawScope(ctx, userId, application, scope)
    return goTo(reply, `${PATH}/${id}?${new URLSearchParams({ removed: scope })}`)
  })

  app.get<Named>(`${PATH}/:id/receipt.json`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const language = requestLocale(request)
    return sendFile(reply, 'consent-receipt.json', await consentReceipt(ctx, account.user, await requireApplication(ctx, account.user, request.params.id, language), language))
  })
}
