import { z } from 'zod'
import type { Context } from '../context.ts'
import { isSeenFirst } from '../database/replay.ts'
import type { XmlElement } from '../lib/xml.ts'
import { type Attempt, type Callback, type ConnectorType, type Identity, type Opening, type RedirectConnector, UpstreamFailure, type UpstreamDeparture } from './connector.ts'
import { mapPerson } from './mapping.ts'
import { checkAssertion } from './saml-assertion.ts'
import { readAttributes, toClaims } from './saml-attributes.ts'
import { findSamlEntity, type SamlEntityFacts } from './saml-entities.ts'
import { decodeResponse, readPlain } from './saml-envelope.ts'
import { samlFailure } from './saml-failure.ts'
import { samlHelpAddress } from './saml-help.ts'
import { listSamlKeys } from './saml-keys.ts'
import { PERSISTENT } from './saml-names.ts'
import { refreshSamlProvider } from './saml-refresh.ts'
import { signInRequest } from './saml-request.ts'
import { type SamlParties, verifiedAssertion } from './saml-response.ts'
import { entityIdOf, samlSchema, samlSettings, type SamlSettings, serviceOf } from './saml-service.ts'
import { requireAddressed, requireSuccess } from './saml-status.ts'
import { subjectOf } from './saml-subject.ts'

// Upstream SAML 2.0, web browser single sign-on (Profiles §4.1), as a service provider. The browser carries everything: this file sends
// requests and judges answers, each step in a file of its own. There is no logout: the library's has an open hole, and an institution's
// session is the institution's.

const keptSchema = z.object({ requestId: z.string(), startedAt: z.number(), fresh: z.boolean(), maxAge: z.number().optional() })
type Kept = z.output<typeof keptSchema>

/** Methods of sign-in that a context class stands for (RFC 8176). */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  'urn:oasis:names:tc:SAML:2.0:ac:classes:Password': ['pwd'],
  'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport': ['pwd'],
  'urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken': ['otp'],
  'urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI': ['sc', 'pin'],
  'https://refeds.org/profile/mfa': ['mfa'],
}

async function knownEntity(ctx: Context, providerId: string): Promise<SamlEntityFacts> {
  const entity = await findSamlEntity(ctx.db, providerId)
  if (entity === undefined) throw samlFailure('no metadata')
  if (entity.validUntil !== undefined && entity.validUntil.getTime() <= ctx.clock.now()) throw samlFailure('metadata expired', { entityId: entity.facts.entity_id })
  return entity.facts
}

async function begin(ctx: Context, parties: SamlParties, settings: SamlSettings, attempt: Attempt): Promise<UpstreamDeparture> {
  const [key] = await listSamlKeys(ctx, 'signing')
  if (key === undefined) throw new Error('there is no key to sign requests with')
  const { fresh, maxAge } = attempt
  // SAML has no word for "at most so long ago".
  const { requestId, ...departure } = await signInRequest(parties, attempt, key, { nameIdFormat: settings.subject === 'persistent' ? PERSISTENT : null, forceAuthn: fresh || maxAge !== undefined })
  const kept: Kept = { requestId, startedAt: ctx.clock.now(), fresh, ...(maxAge === undefined ? {} : { maxAge }) }
  return { ...departure, kept: JSON.stringify(kept) }
}

function signedInAfter({ startedAt, fresh, maxAge }: Kept): number | undefined {
  return fresh ? startedAt : maxAge === undefined ? undefined : startedAt - maxAge * 1000
}

async function toIdentity(ctx: Context, parties: SamlParties, settings: SamlSettings, assertion: XmlElement, kept: Kept): Promise<Identity> {
  const { entity, us, acs } = parties
  const checked = checkAssertion(assertion, { entityId: entity.entity_id, us, acs, requestId: kept.requestId, now: ctx.clock.now(), signedInAfter: signedInAfter(kept) })
  const values = readAttributes(checked.attributes, entity.scopes)
  const person = mapPerson(toClaims(values, settings.claims_mapping), settings.claims_mapping)
  const subject = subjectOf(settings, checked.subject, values, person)
  if (!(await isSeenFirst(ctx.db, 'saml-assertion', `${entity.entity_id} ${checked.id}`, checked.usableUntil))) throw samlFailure('replayed')
  const { acr, authTime } = checked
  return { ...person, issuer: entity.entity_id, subject, acr, amr: acr === undefined ? [] : (METHODS[acr] ?? []), authTime }
}

async function complete(ctx: Context, parties: SamlParties, settings: SamlSettings, { kept: keptText, parameters }: Callback): Promise<Identity> {
  const kept = keptSchema.parse(JSON.parse(keptText))
  const text = decodeResponse(parameters.get('SAMLResponse') ?? '')
  const response = readPlain(text)
  requireAddressed(response, parties, kept.requestId)
  requireSuccess(response)
  return toIdentity(ctx, parties, settings, await verifiedAssertion(text, parties, await listSamlKeys(ctx, 'encryption')), kept)
}

/** The metadata are read again where they come from; a federation's member has those of the federation's last import. */
async function checkMetadata(ctx: Context, { provider }: Opening['facts']): Promise<void> {
  const declared = samlSchema.safeParse(provider)
  const reason = declared.success ? await refreshSamlProvider(ctx, declared.data) : undefined
  if (reason !== undefined) throw new UpstreamFailure('unavailable', reason)
  await knownEntity(ctx, provider.provider_id)
}

function openSaml(ctx: Context, { facts }: Opening): RedirectConnector {
  const settings = samlSettings.parse(facts.provider)
  const service = serviceOf(settings)
  const parties = (entity: SamlEntityFacts, acs: string): SamlParties => ({ entity, us: entityIdOf(ctx, service), acs })
  return {
    kind: 'redirect',
    answersAt: service,
    helpAddress: async (about) => {
      const entity = await findSamlEntity(ctx.db, settings.provider_id)
      return entity && samlHelpAddress(entity.facts, entityIdOf(ctx, service), about)
    },
    check: () => checkMetadata(ctx, facts),
    begin: async (attempt) => begin(ctx, parties(await knownEntity(ctx, settings.provider_id), attempt.redirectUri), settings, attempt),
    complete: async (callback) => {
      const entity = await knownEntity(ctx, settings.provider_id)
      try {
        return await complete(ctx, parties(entity, callback.redirectUri), settings, callback)
      } catch (error) {
        throw error instanceof UpstreamFailure ? error.with({ entityId: entity.entity_id }) : error
      }
    },
  }
}

export const saml: ConnectorType = { protocol: 'saml', schema: samlSchema, hasSecret: false, open: openSaml }
