import type { FastifyInstance, FastifyRequest } from 'fastify'
import { clientName } from '../../clients/client.ts'
import { findClientByKey } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import type { AccountApplicationsModel } from '../../http/account-views.ts'
import { queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { type Locale } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { findOwnConsent } from '../../users/consents.ts'
import { applicationPages } from '../application-pages.ts'
import { applicationRow, listApplications, requireApplication } from '../application-rows.ts'
import { notFound } from '../not-found.ts'
import { type Account, type AccountKit, isAccount, type Section } from '../section.ts'
import { withdraw } from '../../tokens/withdraw-consent.ts'

// The applications that may have something of the person, and taking that back (pages.md ).

const NAME = 'applications'
const PATH = '/account/applications'
const ROWS = 10
const LONGEST_QUERY = 100
const LAST_PAGE = 400

function readSearch(request: FastifyRequest): { readonly query: string; readonly pageNumber: number } {
  const { single } = queryForm(request)
  const number = Number(single.get('page') ?? '1')
  return { query: (single.get('q') ?? '').slice(0, LONGEST_QUERY).trim(), pageNumber: Number.isInteger(number) && number >= 1 && number <= LAST_PAGE ? number : 1 }
}

function folded(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

function hrefOf(query: string, pageNumber: number): string {
  return `${PATH}?${new URLSearchParams({ ...(query === '' ? {} : { q: query }), page: String(pageNumber) })}`
}

/** The name of what was just removed: only of the person's own, and only when it is. */
async function removedName(ctx: Context, request: FastifyRequest, account: Account, language: Locale): Promise<string | undefined> {
  const id = queryForm(request).single.get('removed')
  const consent = id === undefined ? undefined : await findOwnConsent(ctx, account.user.userId, id)
  const client = consent?.removed === true ? await findClientByKey(ctx, consent.clientKey) : undefined
  return client && clientName(client, language)
}

async function listModel(ctx: Context, request: FastifyRequest, kit: AccountKit, account: Account): Promise<AccountApplicationsModel> {
  const language = requestLocale(request)
  const { query, pageNumber } = readSearch(request)
  const all = await listApplications(ctx, account.user, language)
  const found = all.filter(({ name }) => folded(name).includes(folded(query)))
  const from = (pageNumber - 1) * ROWS
  return {
    frame: kit.frame(request, account, NAME),
    rows: await Promise.all(found.slice(from, from + ROWS).map((application) => applicationRow(ctx, account.user, application, language, PATH))),
    found: found.length,
    total: all.length,
    query,
    searchAction: PATH,
    previousHref: pageNumber > 1 ? hrefOf(query, pageNumber - 1) : undefined,
    nextHref: from + ROWS < found.length ? hrefOf(query, pageNumber + 1) : undefined,
    removed: await removedName(ctx, request, account, language),
    allRemoved: all.length === 0 && queryForm(request).single.get('removed') === 'all',
    removeAllHref: all.length > 1 ? `${PATH}/remove-all` : undefined,
  }
}

interface Named {
  Params: { id: string }
}

function pages(app: FastifyInstance, ctx: Context, kit: AccountKit): void {
  app.get(PATH, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    return isAccount(account) ? page(reply, request, 'account-applications', await listModel(ctx, request, kit, account)) : account
  })

  app.get<Named>(`${PATH}/:id/remove`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const language = requestLocale(request)
    const own = await findOwnConsent(ctx, account.user.userId, request.params.id)
    // Back, after it was removed, and nothing was given since.
    if (own?.removed === true && !(await listApplications(ctx, account.user, language)).some(({ consent }) => consent.consentId === own.consentId)) return goTo(reply, `${PATH}?removed=${own.consentId}`)
    const application = await requireApplication(ctx, account.user, request.params.id, language)
    const { client_uri, policy_uri, contacts } = application.client.metadata
    return page(reply, request, 'account-application-remove', {
      frame: kit.frame(request, account, NAME),
      action: `${PATH}/${application.consent.consentId}/remove`,
      csrf: kit.token(account, `${NAME}/${application.consent.consentId}`),
      row: await applicationRow(ctx, account.user, application, language, PATH),
      backHref: PATH,
      homeHref: client_uri,
      policyHref: policy_uri,
      contacts,
    })
  })

  app.post<Named>(`${PATH}/:id/remove`, async (request, reply) => {
    const account = await kit.requireAccount(request, reply)
    if (!isAccount(account)) return account
    const { id } = request.params
    kit.ownForm(request, account, `${NAME}/${id}`)
    const own = await findOwnConsent(ctx, account.user.userId, id)
    if (own === undefined) throw notFound()
    await withdraw(ctx, account.user.userId, id)
    return goTo(reply, `${PATH}?removed=${own.consentId}`)
  })
}

export const applications: Section = {
  name: NAME,
  path: PATH,
  pages: (app, ctx, kit) => {
    pages(app, ctx, kit)
    applicationPages(app, ctx, kit)
  },
}
