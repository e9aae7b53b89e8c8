import { z } from 'zod'
import { listAnyConsentObjects } from '../../consents/objects.ts'
import { findClientByKey } from '../../clients/store.ts'
import type { Context } from '../../context.ts'
import { isRowId } from '../../lib/random.ts'
import { can } from '../../organizations/can.ts'
import { withdrawAsOperator } from '../../tokens/withdraw-consent.ts'
import { listAnyConsents } from '../../users/consents.ts'
import { notFound } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const MOST = 500

const consent = z.strictObject({ consent_id: z.string(), client_id: z.string(), scope: z.string(), since: z.iso.datetime(), status: z.enum(['active', 'used', 'expired', 'withdrawn']) })

type Shown = z.output<typeof consent>

async function consentsOf(ctx: Context, userId: string): Promise<readonly Shown[]> {
  const idOf = async (key: string): Promise<string> => (await findClientByKey(ctx, key))?.clientId ?? key
  const lasting = (await listAnyConsents(ctx, { userId }, MOST)).map(async (one) => ({ consent_id: one.consentId, client_id: await idOf(one.clientKey), scope: one.granted.join(' '), since: one.since.toISOString(), status: one.removedAt === undefined ? ('active' as const) : ('withdrawn' as const) }))
  const ending = (await listAnyConsentObjects(ctx, { userId }, MOST)).map(async (one) => ({ consent_id: one.consentId, client_id: await idOf(one.clientKey), scope: one.scopes.join(' '), since: one.createdAt.toISOString(), status: one.status }))
  return Promise.all([...lasting, ...ending])
}

/** What people have let clients have, for those who run the service. */
export const consents: Resource = () => [
  operation({
    method: 'GET',
    path: '/api/users/{user_id}/consents',
    id: 'listConsentsOfUser',
    summary: `What a person has let clients have, at most ${MOST} of each kind`,
    scope: 'portner.users.read',
    answer: { status: 200, description: 'All of it', schema: { name: 'ConsentList', schema: z.object({ items: z.array(consent) }) } },
    refusals: [404],
    run: async (call) => {
      const userId = param(call, 'user_id')
      if (!isRowId(userId) || !can(call.caller.actor, 'read', { kind: 'consent', owner: { userId } })) throw notFound()
      return { status: 200, body: { items: await consentsOf(call.ctx, userId) } }
    },
  }),
  operation({
    method: 'POST',
    path: '/api/consents/{consent_id}/withdraw',
    id: 'withdrawConsent',
    summary: 'Takes a consent back in the name of the service; everything that came from it is dead at its next use',
    scope: 'portner.consents.write',
    body: { reads: z.strictObject({ reason: z.string().trim().min(1).max(1000) }), example: { reason: 'The person asked for it by letter' } },
    answer: { status: 200, description: 'It is over', schema: { name: 'WithdrawnConsent', schema: z.strictObject({ consent_id: z.string(), status: z.enum(['withdrawn', 'over']) }) } },
    refusals: [404],
    run: async (call) => {
      const consentId = param(call, 'consent_id')
      // Whose it is, is for operators only; a person takes back their own on the account pages.
      if (!call.caller.actor.operator || !isRowId(consentId)) throw notFound()
      const status = await withdrawAsOperator(call.ctx, consentId, call.body.reason, call.caller.actor.userId)
      if (status === undefined) throw notFound()
      return { status: 200, body: { consent_id: consentId, status } }
    },
  }),
]
