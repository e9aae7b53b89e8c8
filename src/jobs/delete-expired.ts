import { deleteOldPushedRequests } from '../authorization-request/pushed.ts'
import { deleteUnusedDocumentClients } from '../clients/client-documents.ts'
import type { Context } from '../context.ts'
import { deleteOldTraces, KEPT_SECONDS } from '../diagnosis/store.ts'
import { firstIdAt } from '../lib/random.ts'
import { deleteExpiredSeenIds } from '../database/replay.ts'
import { deleteExpiredInvitations } from '../groups/invitations.ts'
import { deleteExpiredAnswers } from '../http/kept-answers.ts'
import { deleteExpiredBrowsers } from '../sessions/browsers.ts'
import { deleteExpiredDevices } from '../sessions/devices.ts'
import { deleteOldParticipants } from '../sessions/participants.ts'
import { deleteOldSessions } from '../sessions/store.ts'
import { deleteExpiredAttempts } from '../signin/attempts.ts'
import { deleteExpiredPostedAnswers } from '../signin/posted-answers.ts'
import { deleteExpiredSignUps } from '../signin/sign-ups.ts'
import { deleteExpiredInteractions } from '../signin/store.ts'
import { deleteExpiredAccessTokens } from '../tokens/access-tokens.ts'
import { deleteExpiredCodes } from '../tokens/authorization-codes.ts'
import { deleteOldDecoupledRequests } from '../tokens/decoupled-requests.ts'
import { deleteExpiredGrants } from '../tokens/grants.ts'
import { deleteOldAffiliations } from '../users/affiliations.ts'
import { deleteExpiredAddressChanges } from '../users/address-changes.ts'
import { deleteExpiredResetLinks } from '../users/reset-links.ts'
import { deleteExpiredEmailCodes } from '../users/email-codes.ts'
import { deleteEndedManagedGrants } from '../users/managed-grants.ts'
import { deleteExpiredChallenges } from '../users/passkey-challenges.ts'
import { deleteExpiredTrust } from '../users/trusted-devices.ts'
import { alongKey, inBatches } from './batches.ts'
import type { Job } from './job.ts'

// Asks each store to delete what is past its time. What that is, and which statement finds it, is the store's.

type Sweep = (ctx: Context, stopping: () => boolean) => Promise<number>

/** An ended session is kept while a refresh token that rests on it can still ask whether it was signed out. */
const SESSIONS_KEPT_DAYS = 30
const FIRST_ID = '00000000-0000-0000-0000-000000000000'
const EPOCH = new Date(0)

const sweeps: readonly Sweep[] = [
  (ctx, stopping) => alongKey(FIRST_ID, (after, limit) => deleteExpiredCodes(ctx, after, limit), stopping),
  (ctx, stopping) => alongKey(FIRST_ID, (after, limit) => deleteExpiredAccessTokens(ctx, after, limit), stopping),
  (ctx, stopping) => alongKey(EPOCH, (after, limit) => deleteExpiredGrants(ctx, after, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredInteractions(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredPostedAnswers(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredSeenIds(ctx.db, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteOldTraces(ctx.db, firstIdAt(ctx.clock.now() - KEPT_SECONDS * 1000), limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredAttempts(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteOldSessions(ctx, SESSIONS_KEPT_DAYS, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteOldParticipants(ctx, SESSIONS_KEPT_DAYS, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteOldDecoupledRequests(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteEndedManagedGrants(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteOldPushedRequests(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredBrowsers(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredDevices(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredResetLinks(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredAddressChanges(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredSignUps(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredTrust(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredChallenges(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredEmailCodes(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredAnswers(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteUnusedDocumentClients(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteExpiredInvitations(ctx, limit), stopping),
  (ctx, stopping) => inBatches((limit) => deleteOldAffiliations(ctx, limit), stopping),
]

async function run(ctx: Context, stopping: () => boolean): Promise<number> {
  let total = 0
  for (const sweep of sweeps) total += await sweep(ctx, stopping)
  return total
}

export const deleteExpiredJob: Job = { name: 'delete-expired', everySeconds: 60, run }
