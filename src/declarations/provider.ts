import { z } from 'zod'
import { readOrganization } from '../organizations/store.ts'
import type { ConnectorType } from '../upstream/connector.ts'
import { FEDERATION, type Federation, federationSchema } from '../upstream/federation/federation.ts'
import { removeFederation } from '../upstream/federation/retire.ts'
import { listDeclaredFederations, saveFederation } from '../upstream/federation/store.ts'
import { connectorTypes } from '../upstream/index.ts'
import type { Provider } from '../upstream/provider.ts'
import { deleteSamlEntity } from '../upstream/saml-entities.ts'
import { providerSecrets } from '../upstream/provider-secrets.ts'
import { deleteProvider, findFederatedIds, listProviders, saveProvider } from '../upstream/store.ts'
import { type Document, type Kind, type Saving, type SecretRules, withoutUndefined } from './kind.ts'

const [first, ...others] = connectorTypes.map(({ schema }) => schema)
if (first === undefined) throw new Error('no protocol is known')
const schema = z.discriminatedUnion('protocol', [first, ...others, federationSchema])

function typeOf(protocol: unknown): ConnectorType | undefined {
  return connectorTypes.find((type) => type.protocol === protocol)
}

function hasSecret(protocol: unknown): boolean {
  return typeOf(protocol)?.hasSecret === true
}

function secretMember(protocol: unknown): string {
  return typeOf(protocol)?.secretMember ?? 'client_secret'
}

/** What names the entity of a SAML provider. */
const METADATA_SOURCES = ['metadata_url', 'metadata_file', 'entity_id']
const LONGEST_SECRET = 1024
/** The members that say where a secret is sent. */
const ADDRESSES = ['issuer', 'url', 'preset', 'authorization_endpoint', 'token_endpoint', 'userinfo_endpoint'] as const

const secret: SecretRules = {
  member: ({ protocol }) => secretMember(protocol),
  fault: (declared, _demo, { protocol }) => {
    // A protocol that nobody knows is the fault to tell.
    if (!hasSecret(protocol)) return protocol === FEDERATION || typeOf(protocol) !== undefined ? 'is not a member of a provider with this protocol' : undefined
    if (declared.is !== 'text') return 'is the one that the provider gave us: it must be one of { value: … }, { from_env: … } or { from_file: … }'
    return declared.text === '' || declared.text.length > LONGEST_SECRET ? `must be 1 to ${LONGEST_SECRET} characters` : undefined
  },
  isCurrent: (ctx, current, declared) => current.secret !== undefined && declared.is === 'text' && providerSecrets.is(ctx, current.id, Buffer.from(current.secret, 'base64'), declared.text),
  ready: (_ctx, declared) => Promise.resolve({ source: declared, text: undefined, stored: declared.is === 'text' ? declared.text : '' }),
  omission: ({ protocol }) => (hasSecret(protocol) ? `${secretMember(protocol)} is never exported: add it` : undefined),
}

// A federation is declared as a provider, but it is none: it stands in a table of its own, and no search finds it.
function isFederation(document: Document | Provider | Federation): document is Federation {
  return 'protocol' in document && document['protocol'] === FEDERATION
}

async function saveAsFederation({ trx, current, declared }: Saving<Provider | Federation>, federation: Federation): Promise<void> {
  if (current !== undefined && !isFederation(current.document)) await deleteProvider(trx, current.id)
  await saveFederation(trx, federation, declared)
}

async function saveAsProvider({ ctx, trx, current, secret: declared, saysSecret, declared: byFile }: Saving<Provider | Federation>, document: Provider): Promise<void> {
  if (current !== undefined && isFederation(current.document)) await removeFederation(trx, current.id)
  const organization = document.organization === undefined ? undefined : await readOrganization(trx, document.organization)
  // A secret is for the address it was given for: who changes the address must say it again.
  const movedAway = current !== undefined && ADDRESSES.some((member) => withoutUndefined(document)[member] !== current.document[member])
  const dropped = movedAway && !saysSecret ? null : undefined
  await saveProvider(trx, document, organization, byFile, declared === undefined ? dropped : providerSecrets.seal(ctx, document.provider_id, declared.stored))
  // Facts of another entity, or of none any more: the job reads the new ones within seconds.
  if (METADATA_SOURCES.some((member) => withoutUndefined(document)[member] !== current?.document[member])) await deleteSamlEntity(trx, document.provider_id)
}

export const provider: Kind<Provider | Federation> = {
  kind: 'provider',
  members: [...new Set([...connectorTypes.flatMap((type) => Object.keys(type.schema.shape)), ...Object.keys(federationSchema.shape)])],
  secret,
  schema: () => schema,
  identity: (document) => document.provider_id,
  references: (document) => (isFederation(document) || document.organization === undefined ? [] : [{ path: ['organization'], kind: 'organization', id: document.organization }]),
  list: async (db) => [...(await listProviders(db)), ...(await listDeclaredFederations(db))],
  names: ['organization'],
  findOthers: findFederatedIds,
  owner: (document) => (isFederation(document) ? {} : { organization: document.organization }),
  save: (saving) => (isFederation(saving.document) ? saveAsFederation(saving, saving.document) : saveAsProvider(saving, saving.document)),
  remove: (trx, current) => (isFederation(current.document) ? removeFederation(trx, current.id) : deleteProvider(trx, current.id)),
}
