import type { Context } from '../context.ts'
import { type Locale, localized } from '../http/locale.ts'
import { translator } from '../http/messages.ts'
import { epochSeconds } from '../lib/clock.ts'
import { newRowId } from '../lib/random.ts'
import { findOrganization } from '../organizations/store.ts'
import { CONSENT_RECEIPT_TYPE } from '../protocol/names.ts'
import { scopeItem } from '../signin/scope-items.ts'
import { claimNamesOf } from '../users/claims.ts'
import type { User } from '../users/user.ts'
import { type Application, scopesOf } from './application-rows.ts'

// Owns the receipt that a person takes along for what they allowed: the record of ISO/IEC TS 27560 (header, processing, parties, events) with
// its member names, readable as it is, and the same record signed by this server, so that nobody can say later that it was otherwise. It
// opens nothing: its `typ` is its own, and it has no audience.

const SCHEMA = 'ISO-27560-2023'
const CONTROLLER = 'controller'
const SERVICE = 'authorization-server'

/** What somebody agreed to, by when, and with which words. */
export type ConsentRecord = Readonly<Record<string, unknown>>

async function wordsOf(ctx: Context, scope: string, user: User, language: Locale): Promise<string> {
  const { sentence } = await scopeItem(ctx, scope, user, language)
  const words = translator(language)
  return sentence ?? words.text(words.has(`scope.${scope}`) ? `scope.${scope}` : 'scope.other')
}

async function recordOf(ctx: Context, user: User, application: Application, language: Locale): Promise<ConsentRecord> {
  const { consent, client, name, limited, live } = application
  const { metadata } = client
  const owner = await findOrganization(ctx, metadata.organization)
  const purposes = await Promise.all(
    scopesOf(application).map(async (scope) => ({
      purpose: await wordsOf(ctx, scope, user, language),
      purpose_type: scope,
      lawful_basis: consent.granted.includes(scope) || limited.some(({ scopes }) => scopes.includes(scope)) ? 'consent' : 'decided by the operator or the institution',
      pii_information: claimNamesOf(scope).map((attribute) => ({ pii_type: attribute, pii_attribute_id: attribute, pii_optional: metadata.optional_scopes.includes(scope) })),
      pii_controllers: [CONTROLLER],
      service: client.clientId,
    })),
  )
  return {
    schema_version: SCHEMA,
    record_id: consent.consentId,
    pii_principal_id: user.userId,
    pii_processing: { privacy_notice: metadata.policy_uri, language, purposes },
    party_identification: [
      { party_id: CONTROLLER, party_role: 'PII controller', party_name: owner === undefined ? name : localized(owner.name, language), party_url: metadata.client_uri, party_contact: metadata.contacts },
      { party_id: SERVICE, party_role: 'record keeper', party_name: ctx.config.serviceName, party_url: ctx.config.issuer },
    ],
    events: [
      { event_type: 'explicit', event_state: 'given', event_time: consent.since.toISOString(), entity_id: user.userId, validity_duration: live?.offline === true ? 'until withdrawn, also while signed out' : 'until withdrawn' },
      ...limited.map((one) => ({ event_type: 'explicit', event_state: 'given', event_time: one.createdAt.toISOString(), entity_id: user.userId, consent_id: one.consentId, scope: one.scopes.join(' '), valid_until: one.expiresAt.toISOString(), external_id: one.externalId })),
    ],
  }
}

/** The record, and as a compact JWS of ours. */
export async function consentReceipt(ctx: Context, user: User, application: Application, language: Locale): Promise<{ readonly record: ConsentRecord; readonly jws: string }> {
  const record = await recordOf(ctx, user, application, language)
  const jws = await ctx.keyring.sign('ES256', CONSENT_RECEIPT_TYPE, { iss: ctx.config.issuer, sub: user.userId, iat: epochSeconds(ctx.clock), jti: newRowId(ctx.clock.now()), consent_receipt: record })
  return { record, jws }
}
