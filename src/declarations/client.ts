import { readApiScope } from '../apis/api.ts'
import { isStandardScope, ownApiScopes } from '../apis/scope-definition.ts'
import { type ClientMetadata, clientMetadataSchema } from '../clients/metadata.ts'
import { askSector } from '../clients/sector.ts'
import { declareSecret, keptSecret, listDeclaredSecrets } from '../clients/secrets.ts'
import { clientChanged, deleteClient, listClients, saveClient } from '../clients/store.ts'
import { sha256 } from '../lib/digest.ts'
import { drawToken } from '../lib/opaque-token.ts'
import { inLanguage } from '../protocol/localized-text.ts'
import { type Kind, type ReadySecret, type Reference, type SecretRules, withoutUndefined } from './kind.ts'
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
  if (isStandardScope(scope) || (ownApiScopes as readonly string[]).includes(scope) || known('scope', scope)) return true
  const named = readApiScope(scope)
  return named !== undefined && known('api', named.apiId)
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
  ask: async (ctx, document) => {
    const fault = await askSector(ctx, document)
    return fault === undefined ? [] : [{ path: ['sector_identifier_uri'], message: `sector_identifier_uri ${fault}` }]
  },
  list: async (db) => {
    const secrets = await listDeclaredSecrets(db)
    return (await listClients(db)).map((row) => ({
      id: row.clientId,
      document: withoutUndefined({ ...row.metadata, client_id: row.clientId }),
      declared: row.declared,
      rowKey: row.key,
      // An empty text: it has secrets, but none that a file declared.
      secret: secrets.get(row.key)?.toString('hex') ?? (row.secretHashes.length > 0 ? '' : undefined),
    }))
  },
  save: async ({ ctx, trx, id, document, secret: declared }) => {
    const key = await saveClient(trx, id, document, true)
    if (declared === undefined) return
    const { text, stored } = declared
    const kept = text === undefined ? { hash: Buffer.from(stored, 'hex'), hint: '', sealed: null } : keptSecret(ctx, key, document.token_endpoint_auth_method, text)
    await declareSecret(trx, key, kept, ctx.clock.now())
    await clientChanged(trx)
  },
  remove: (trx, current) => deleteClient(trx, current.id),
}
