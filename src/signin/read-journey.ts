import type { AuthorizationRequest } from '../authorization-request/request.ts'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { listRememberedAccounts, type RememberedAccount } from '../sessions/devices.ts'
import { isAccepted } from '../upstream/provider.ts'
import { findSoleProvider } from '../upstream/search.ts'
import { findProvider } from '../upstream/store.ts'
import { type Consent, findConsent } from '../users/consents.ts'
import { findUsers } from '../users/store.ts'
import { type BrowserOfRequest, sessionsOf } from './browser.ts'
import { chosenAccount, mustSignInAgain } from './chosen-account.ts'
import type { Account, Journey } from './journey.ts'
import type { Interaction } from './store.ts'

export interface JourneyInput extends BrowserOfRequest {
  readonly request: AuthorizationRequest
  readonly client: Client
  readonly interaction: Interaction | undefined
}

async function listAccounts(ctx: Context, input: JourneyInput): Promise<readonly Account[]> {
  const { client, deviceId, interaction } = input
  const live = await sessionsOf(ctx, input)
  // On a shared computer a sign-in serves its own journey only: whoever comes next finds nobody signed in.
  const sessions = live.filter((session) => session.remembered || session.userId === interaction?.progress.signedIn)
  const remembered = deviceId === undefined ? [] : await listRememberedAccounts(ctx, deviceId)
  const known: RememberedAccount[] = [...sessions, ...remembered.filter((account) => !sessions.some((session) => session.userId === account.userId))]
  if (known.length === 0) return []
  const users = new Map((await findUsers(ctx.db, known.map((account) => account.userId))).map((user) => [user.userId, user]))
  const accounts = await Promise.all(
    known.map(async ({ userId, providerId }): Promise<Account | undefined> => {
      const user = users.get(userId)
      // A locked person is signed in nowhere, whatever the browser remembers.
      if (user === undefined || user.status !== 'active') return undefined
      const provider = await findProvider(ctx, providerId)
      return { user, provider, session: sessions.find((session) => session.userId === userId), accepted: provider !== undefined && isAccepted(client.metadata.login_providers, provider) }
    }),
  )
  return accounts.filter((account) => account !== undefined)
}

/** Reads everything the steps ask about. */
export async function readJourney(ctx: Context, input: JourneyInput): Promise<Journey> {
  const { request, client, interaction } = input
  const accounts = await listAccounts(ctx, input)
  const nothing: Consent = { granted: [], declined: [] }
  const journey: Journey = { request, client, progress: interaction?.progress ?? {}, now: Math.floor(ctx.clock.now() / 1000), accounts, soleProvider: undefined, consent: nothing }
  const account = chosenAccount(journey)
  const signsIn = account?.session === undefined || mustSignInAgain(journey, account)
  const [soleProvider, consent] = await Promise.all([signsIn ? findSoleProvider(ctx, client.metadata.login_providers) : undefined, account?.session === undefined ? nothing : findConsent(ctx.db, account.user.userId, client.key)])
  return { ...journey, soleProvider, consent }
}
