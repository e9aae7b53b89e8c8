import { type Client } from '../clients/client.ts'
import { subjectFor } from '../clients/sector.ts'
import { findClientByKey } from '../clients/store.ts'
import { type ConsentStatus, findConsentObject, type WithdrawnBy } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import { findConsentById } from '../users/consents.ts'

// What the consent API says of a consent, of the kind that ends by itself and of the kind that does not.

export interface KnownConsent {
  readonly consentId: string
  readonly userId: string
  readonly clientKey: string
  readonly scopes: readonly string[]
  readonly purpose: readonly string[]
  readonly status: ConsentStatus
  readonly createdAt: Date
  /** Absent: until it is taken back. */
  readonly expiresAt?: Date
  readonly endedAt?: Date | undefined
  readonly withdrawnBy?: WithdrawnBy | undefined
  readonly days?: number | undefined
  readonly singleUse?: boolean
  readonly externalId?: string | undefined
  readonly uses?: number
  readonly usedAt?: Date | undefined
}

/** A consent of either kind. */
export async function findAnyConsent(ctx: Context, consentId: string): Promise<KnownConsent | undefined> {
  const object = await findConsentObject(ctx, consentId)
  if (object !== undefined) return object
  const lasting = await findConsentById(ctx, consentId)
  if (lasting === undefined) return undefined
  const { userId, clientKey, granted, since, usedAt, removedAt, removedBy } = lasting
  const ended = removedAt === undefined ? { status: 'active' as const } : { status: 'withdrawn' as const, withdrawnBy: removedBy, endedAt: removedAt }
  return { consentId, userId, clientKey, scopes: granted, purpose: granted, createdAt: since, usedAt, ...ended }
}

/** The client that a consent was given to. */
export async function clientByKey(ctx: Context, clientKey: string): Promise<Client> {
  const client = await findClientByKey(ctx, clientKey)
  if (client === undefined) throw new Error('a consent without a client')
  return client
}

const at = (date: Date | undefined): string | undefined => date?.toISOString()

export function describeStatus({ consentId, status, expiresAt, endedAt, withdrawnBy }: KnownConsent): object {
  return { consent_id: consentId, status, active: status === 'active', expires_at: at(expiresAt), ended_at: at(endedAt), withdrawn_by: withdrawnBy }
}

/** Everything that its client may know of it. */
export function describeConsent(ctx: Context, client: Client, consent: KnownConsent): object {
  const { scopes, purpose, days, singleUse, externalId, createdAt, uses, usedAt, userId } = consent
  return {
    ...describeStatus(consent),
    client_id: client.clientId,
    sub: subjectFor(ctx, client, userId),
    scope: scopes.join(' '),
    purpose,
    duration_days: days,
    single_use: singleUse ?? false,
    external_id: externalId,
    created_at: at(createdAt),
    use_count: uses,
    last_used_at: at(usedAt),
  }
}
