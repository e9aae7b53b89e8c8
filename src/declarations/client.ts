import { isDeepStrictEqual } from 'node:util'
import { readApiScope } from '../apis/api.ts'
import { noteWishes } from '../apis/requests.ts'
import { isGivenScope, isStandardScope } from '../apis/scope-definition.ts'
import { type Client, hasSecret } from '../clients/client.ts'
import { type ClientMetadata, clientMetadataSchema, isClientId } from '../clients/metadata.ts'
import { isOwnClient } from '../clients/own-clients.ts'
import { askSector } from '../clients/sector.ts'
import { addSecret, declareSecret, keptSecret, listDeclaredSecrets } from '../clients/secrets.ts'
import { clientChanged, deleteClient, listClients, readClient, saveClient, setClientOwner } from '../clients/store.ts'
import { JWT_BEARER } from '../grants/jwt-bearer.ts'
import { sha256 } from '../lib/digest.ts'
import { drawToken } from '../lib/opaque-token.ts'
import { inLanguage } from '../protocol/localized-text.ts'
import { refuseNameOfAnother } from '../upstream/misleading-name.ts'
import { type Before, type Current, type Document, type Kind, type ReadySecret, type Reference, type SecretRules, withoutUndefined } from './kind.ts'
import { machineSecretFault, type Secret } from './secret.ts'

// The schema's own, so that a new member is exported too.
const MEMBERS = Object.keys(clientMetadataSchema({ grantTypes: [], responseTypes: [], authenticationMethods: [], signingAlgorithms: [] }).in.shape)

function hexOf(secret: Secret & { is: 'text' | 'hash' }): string {
  return secret.is === 'hash' ? secret.hash.slice('sha256:'.length) : sha256(secret.text).toString('hex')
}

async function ready(now: number, secret: Secret): Promise<ReadySecret> {
  if (secret.is !== 'generate') return { source: secret, text: secret.is === 'text' ? secret.text : undefined, stored: hexOf(secret) }
  const { text } = drawToken('cs', now)
  return { source: secret, text, stored: sha256(text).toString('hex') }
}

const secret: SecretRules = {
  member: () => 'client_secret',
  fault: machineSecretFault,
  isCurrent: (_ctx, current, declared) => (declared.is === 'generate' ? current.secret !== undefined : current.secret === hexOf(declared)),
  ready: (ctx, declared) => ready(ctx.clock.now(), declared),
  omission: (document) =>
    !String(document['token_endpoint_auth_method']).startsWith('client_secret_') ? undefined : `client_secret is never exported: add it, or run: portner client rotate-secret ${String(document['client_id'])}`,
}

// A client that a file gives no client_id: the same name gives the same id, so that a second apply finds the client of the first.
function generatedId(document: ClientMetadata): string {
  const name = document.client_name === undefined ? '' : inLanguage(document.client_name, 'en')
  const slug = name.normalize('NFKD').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 40)
  return `${slug === '' ? 'client' : slug}-${sha256(`client ${name}`).toString('hex').slice(0, 12)}`
}

function providerReferences(rules: readonly string[]): readonly Reference[] {
  return rules.flatMap((rule, i) => (rule === 'all' || rule.includes(':') ? [] : [{ path: ['login_providers', i], kind: 'provider', id: rule }]))
}

function isKnownScope(scope: string, known: (kind: string, id: string) => boolean): boolean {
  if (isStandardScope(scope) || isGivenScope(scope) || known('scope', scope)) return true
  const named = readApiScope(scope)
  return named !== undefined && known('api', named.apiId)
}

/** A client as a thing that is declared. */
export function toCurrent(row: Client, declaredSecret?: Buffer): Current {
  return {
    id: row.clientId,
    document: withoutUndefined({ ...row.metadata, client_id: row.clientId }),
    declared: row.declared,
    rowKey: row.key,
    ownedBy: row.ownerUserId,
    // An empty text: it has secrets, but none that a file declared.
    secret: declaredSecret?.toString('hex') ?? (row.secretHashes.length > 0 ? '' : undefined),
  }
}

const DEVELOPERS_SWITCHES: readonly string[] = ['plain_http_redirect']

/** Grants that give a client tokens without a person: by its own word, or by that of a trusted issuer. */
const GRANTS_OF_ITS_OWN: readonly unknown[] = ['client_credentials', JWT_BEARER]

/** Whether it may use this server's own API without a person: then as its organization's admin, or as an operator where it has none. */
export function actsByItself(document: Document): boolean {
  const { scope, grant_types: grants } = document
  return typeof scope === 'string' && Array.isArray(grants) && grants.some((grant) => GRANTS_OF_ITS_OWN.includes(grant)) && scope.split(' ').some((value) => value.startsWith('portner.'))
}

/** What people and institutions rely on clients not to have unless an operator says so, each with the member that says it. */
function powersOf(document: Document): readonly (readonly [string, string])[] {
  const { scope, profile, consent, compatibility, organization } = document
  const switches = Array.isArray(compatibility) ? compatibility.map(String) : []
  return [
    ...String(scope).split(' ').filter(isGivenScope).map((value) => ['scope', value] as const),
    ...(profile === 'legacy' ? [['profile', 'legacy'] as const] : []),
    ...(consent === 'implied' ? [['consent', 'implied'] as const] : []),
    // Plain http goes with `status: development` only, and people are warned.
    ...switches.filter((name) => !DEVELOPERS_SWITCHES.includes(name)).map((name) => ['compatibility', name] as const),
    ...(actsByItself(document) ? [['grant_types', `acts for ${String(organization)}`] as const] : []),
  ]
}

function trustedMembers(document: Document, { document: before }: Partial<Before> = {}): readonly string[] {
  const had = new Set((before === undefined ? [] : powersOf(before)).map((power) => power.join(' ')))
  const more = powersOf(document).filter((power) => !had.has(power.join(' '))).map(([member]) => member)
  // What an operator switched off stays off.
  const isBack = before?.['status'] === 'disabled' && document['status'] !== 'disabled'
  return [...new Set([...more, ...(isBack ? ['status'] : [])])]
}

export const client: Kind<ClientMetadata> = {
  kind: 'client',
  members: MEMBERS,
  secret,
  schema: (offered) =>
    clientMetadataSchema(offered)
      .refine((document) => document.client_id !== undefined || document.client_name !== undefined, { path: ['client_id'], error: 'is missing, and so is client_name, which one could be made of' })
      .transform((document) => ({ ...document, client_id: document.client_id ?? generatedId(document) })),
  identity: (document) => document.client_id ?? generatedId(document),
  references: (document) => [
    ...(document.organization === undefined ? [] : [{ path: ['organization'], kind: 'organization', id: document.organization }]),
    ...providerReferences(document.login_providers),
    ...document.authorization_details_types.map((id, i) => ({ path: ['authorization_details_types', i], kind: 'authorization_details_type', id })),
  ],
  warnings: (document, known) =>
    document.scope.split(' ').flatMap((scope) => (isKnownScope(scope, known) ? [] : [{ path: ['scope'], message: `nothing declares the scope ${scope}: people will see only its name` }])),
  vouched: { member: 'sector_identifier_uri', fault: askSector },
  askOfOthers: async (ctx, document, before) => {
    if (isDeepStrictEqual(before?.['client_name'], document.client_name)) return []
    const message = await refuseNameOfAnother(ctx, document)
    return message === undefined ? [] : [{ path: ['client_name'], message }]
  },
  list: async (db) => {
    const secrets = await listDeclaredSecrets(db)
    return (await listClients(db)).map((row) => toCurrent(row, secrets.get(row.key)))
  },
  find: async (db, id) => {
    const row = isOwnClient(id) || !isClientId(id) ? undefined : await readClient(db, id)
    return row && toCurrent(row)
  },
  owner: ({ organization }, current) => (organization === undefined ? { userId: current?.ownedBy } : { organization }),
  trusted: trustedMembers,
  isPowerful: actsByItself,
  drawsSecret: (document) => hasSecret({ token_endpoint_auth_method: String(document['token_endpoint_auth_method']) }),
  names: ['organization', 'provider', 'authorization_details_type'],
  save: async ({ ctx, trx, id, document, current, secret: said, declared, by, operator }) => {
    const key = await saveClient(trx, id, document, declared)
    await noteWishes(trx, { clientKey: key, scope: document.scope, organization: document.organization, operator, by })
    if (current === undefined && by !== undefined) await setClientOwner(trx, id, by)
    if (said === undefined) return
    const { text, stored } = said
    const kept = text === undefined ? { hash: Buffer.from(stored, 'hex'), hint: '', sealed: null } : keptSecret(ctx, key, document.token_endpoint_auth_method, text)
    if (declared) await declareSecret(trx, key, kept, ctx.clock.now())
    else await addSecret(trx, key, kept, 0, ctx.clock.now())
    await clientChanged(trx)
  },
  remove: (trx, current) => deleteClient(trx, current.id),
}
