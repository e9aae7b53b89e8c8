import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { providerOff } from '../../http/provider-off.ts'
import type { AccountRow } from '../../http/views.ts'
import { accountSelectionRequired, loginRequired } from '../../protocol/error.ts'
import { forgetAccount } from '../../sessions/devices.ts'
import { endSession } from '../../sessions/store.ts'
import { isAccepted } from '../../upstream/provider.ts'
import { displayName } from '../../users/user.ts'
import { chosenAccount, hintedAccount, mustSignInAgain } from '../chosen-account.ts'
import { insecureRedirect } from '../insecure-redirect.ts'
import { initials } from '../initials.ts'
import { type Account, type Journey, nameOf } from '../journey.ts'
import { isVisit, type Rails, type Step } from './step.ts'

// The account chooser: whoever has signed in on this device sees the accounts instead of discovery.

const NAME = 'chooser'

function stateOf(journey: Journey, account: Account): AccountRow['state'] {
  if (!account.accepted) return 'not-accepted'
  return account.session === undefined || mustSignInAgain(journey, account) ? 'sign-in-again' : 'signed-in'
}

/** The client would accept the account if its institution were not switched off: the person is told so, instead of finding it gone. */
function isOnlyOff({ client }: Journey, { provider }: Account): boolean {
  return provider?.provider.disabled === true && isAccepted(client.metadata.login_providers, { ...provider, provider: { ...provider.provider, disabled: false } })
}

function reasonOf(journey: Journey, account: Account, language: ReturnType<typeof requestLocale>): string | undefined {
  return isOnlyOff(journey, account) ? providerOff(language, account.provider?.provider.disabled_reason ?? 'other') : undefined
}

function rowOf(journey: Journey, account: Account, language: ReturnType<typeof requestLocale>): AccountRow {
  const { user, provider } = account
  const name = displayName(user)
  return {
    id: user.userId,
    name,
    address: user.claims.email ?? user.username,
    institution: provider && localized(provider.provider.name, language),
    initials: initials(name),
    state: stateOf(journey, account),
    reason: reasonOf(journey, account, language),
    hinted: account === hintedAccount(journey),
  }
}

/** Those the client takes first, the one it named on top; those it does not take last, with the reason. */
function order(rows: readonly AccountRow[]): readonly AccountRow[] {
  const rank = (row: AccountRow): number => (row.state === 'not-accepted' ? 2 : row.hinted ? 0 : 1)
  return rows.toSorted((a, b) => rank(a) - rank(b))
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { journey } = visit
    const language = requestLocale(request, journey.request.uiLocales)
    if (journey.accounts.length === 0) return rails.proceed(request, reply, visit, { other: true })
    return page(
      reply,
      request,
      'chooser',
      {
        clientName: nameOf(journey, language),
        insecure: insecureRedirect(journey),
        action: rails.path(visit, NAME),
        csrf: formToken(ctx, subject(visit.browserId, visit.interaction.id)),
        accounts: order(journey.accounts.map((account) => rowOf(journey, account, language))),
        otherHref: rails.path(visit, 'other'),
        manageHref: rails.path(visit, 'accounts'),
      },
      { uiLocales: journey.request.uiLocales },
    )
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit.browserId, visit.interaction.id))
    const account = visit.journey.accounts.find(({ user, accepted }) => accepted && user.userId === form.single.get('account'))
    // Removed or signed out in another tab: the list as it is now.
    if (account === undefined) return goTo(reply, rails.path(visit, NAME))
    return rails.proceed(request, reply, visit, { chosen: account.user.userId, other: false, failure: null })
  })

  app.get<{ Params: { id: string } }>('/signin/:id/other', async (request, reply) => {
    const visit = await rails.visit(request, reply)
    return isVisit(visit) ? rails.proceed(request, reply, visit, { other: true, failure: null }) : visit
  })

  app.get<{ Params: { id: string }; Querystring: { removed?: string } }>('/signin/:id/accounts', async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { journey } = visit
    const language = requestLocale(request, journey.request.uiLocales)
    if (journey.accounts.length === 0) return rails.proceed(request, reply, visit, { other: true })
    return page(
      reply,
      request,
      'chooser-manage',
      {
        clientName: nameOf(journey, language),
        action: rails.path(visit, 'accounts'),
        csrf: formToken(ctx, subject(visit.browserId, visit.interaction.id)),
        accounts: journey.accounts.map((account) => rowOf(journey, account, language)),
        backHref: rails.path(visit, NAME),
        removed: typeof request.query.removed === 'string' ? request.query.removed.slice(0, 200) : undefined,
      },
      { uiLocales: journey.request.uiLocales },
    )
  })

  app.post<{ Params: { id: string } }>('/signin/:id/accounts', async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit.browserId, visit.interaction.id))
    const account = visit.journey.accounts.find(({ user }) => user.userId === form.single.get('remove'))
    if (account === undefined) return goTo(reply, rails.path(visit, 'accounts'))
    if (visit.deviceId !== undefined) await forgetAccount(ctx, visit.deviceId, account.user.userId)
    if (account.session !== undefined) await endSession(ctx, visit.browserId, account.session.sessionId)
    return goTo(reply, `${rails.path(visit, 'accounts')}?removed=${encodeURIComponent(displayName(account.user))}`)
  })
}

function subject(browserId: string, interactionId: string): string {
  return `${NAME}/${browserId}/${interactionId}`
}

export const chooseAccount: Step = {
  name: NAME,
  reason: (journey) => {
    const { progress, request, accounts } = journey
    if (progress.other === true || chosenAccount(journey) !== undefined) return undefined
    // A client that knows the person has nothing to choose from, unless it asks for the choice.
    if (request.hint !== undefined && !request.prompt.includes('select_account')) return undefined
    const accepted = accounts.filter((account) => account.accepted)
    if (accepted.length === 0 && !accounts.some((account) => isOnlyOff(journey, account))) return undefined
    // A client that names an institution where none of them signs in does not ask for any of them, unless it asks for the choice.
    const named = journey.hint.accepted.map(({ provider }) => provider.provider_id)
    if (named.length === 1 && !request.prompt.includes('select_account') && !accepted.some(({ provider }) => provider !== undefined && named.includes(provider.provider.provider_id))) return undefined
    const signedIn = accepted.filter((account) => account.session !== undefined)
    return { name: 'accounts_known', silently: () => (signedIn.length === 0 ? loginRequired('Nobody is signed in') : accountSelectionRequired('An account must be chosen')) }
  },
  pages,
}
