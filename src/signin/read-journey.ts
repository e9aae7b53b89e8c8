import { receivedWith } from '../apis/scopes.ts'
import type { AuthorizationRequest } from '../authorization-request/request.ts'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { findOrganization } from '../organizations/store.ts'
import { listRememberedAccounts, type RememberedAccount } from '../sessions/devices.ts'
import type { Session } from '../sessions/session.ts'
import { isAccepted } from '../upstream/provider.ts'
import { noHint, resolveHint } from '../upstream/provider-hint.ts'
import { findSoleProvider } from '../upstream/search.ts'
import { findProvider } from '../upstream/store.ts'
import { type Consent, findConsent } from '../users/consents.ts'
import { findUsers } from '../users/store.ts'
import { type BrowserOfRequest, signInsOf } from './browser.ts'
import { chosenAccount, mustSignInAgain } from './chosen-account.ts'
import { factorsOf } from './factors-of.ts'
import type { Account, Journey } from './journey.ts'
import { withheldScopes } from './realms.ts'
import { secondFactorNeed } from './second-factor-need.ts'
import type { Interaction } from './store.ts'

export interface JourneyInput extends BrowserOfRequest {
  readonly request: AuthorizationRequest
  readonly client: Client
  readonly interaction: Interaction | undefined
}

async function listAccounts(ctx: Context, input: JourneyInput): Promise<readonly Account[]> {
  const { client, deviceId, interaction } = input
  const { live, pending: waiting } = await signInsOf(ctx, input)
  // On a shared computer a sign-in serves its own journey only: whoever comes next finds nobody signed in.
  const sessions = live.filter((session) => session.remembered || session.userId === interaction?.progress.signedIn)
  const signedIn = interaction?.progress.signedIn
  // Half a sign-in is known to its own journey only.
  const pending = waiting.filter(({ userId }) => userId === signedIn)
  const known = [...sessions, ...pending]
  const remembered = deviceId === undefined ? [] : await listRememberedAccounts(ctx, deviceId)
  const all: RememberedAccount[] = [...known, ...remembered.filter((account) => !known.some((session) => session.userId === account.userId))]
  if (all.length === 0) return []
  const users = new Map((await findUsers(ctx.db, all.map((account) => account.userId))).map((user) => [user.userId, user]))
  const accounts = await Promise.all(
    all.map(async ({ userId, providerId }): Promise<Account | undefined> => {
      const user = users.get(userId)
      // A locked person is signed in nowhere, whatever the browser remembers.
      if (user === undefined || user.status !== 'active') return undefined
      const provider = await findProvider(ctx, providerId)
      const sessionOf = (among: readonly Session[]): Session | undefined => among.find((session) => session.userId === userId)
      return { user, provider, session: sessionOf(sessions), pending: sessionOf(pending), accepted: provider !== undefined && isAccepted(client.metadata.login_providers, provider) }
    }),
  )
  return accounts.filter((account) => account !== undefined)
}

/** Reads everything the steps ask about. */
export async function readJourney(ctx: Context, input: JourneyInput): Promise<Journey> {
  const { request, client, interaction } = input
  const accounts = await listAccounts(ctx, input)
  const nothing: Consent = { granted: [], declined: [] }
  const journey: Journey = { request, client, progress: interaction?.progress ?? {}, now: Math.floor(ctx.clock.now() / 1000), accounts, soleProvider: undefined, hint: noHint, factors: [], consent: nothing, institution: undefined, received: [], withheld: [] }
  const account = chosenAccount(journey)
  const signsIn = account?.session === undefined || mustSignInAgain(journey, account)
  const proven = account?.pending ?? account?.session
  const mayNeedFactor = account !== undefined && proven !== undefined && secondFactorNeed(journey, proven, account.pending !== undefined) !== undefined
  const rules = client.metadata.login_providers
  const mayChoose = signsIn && account?.pending === undefined
  const [soleProvider, hint, factors, consent, institution, received, withheld] = await Promise.all([
    mayChoose ? findSoleProvider(ctx, rules) : undefined,
    mayChoose ? resolveHint(ctx, rules, request) : noHint,
    mayNeedFactor ? factorsOf(ctx, account.user) : [],
    account?.session === undefined ? nothing : findConsent(ctx.db, account.user.userId, client.key),
    account?.session === undefined ? undefined : findOrganization(ctx, account.user.organizationId),
    account?.session === undefined ? [] : receivedWith(ctx, request.scopes),
    account?.session === undefined ? [] : withheldScopes(ctx, client, account.user, request.scopes),
  ])
  return { ...journey, soleProvider, hint, factors: factors.map(({ name }) => name), consent, institution, received, withheld }
}
