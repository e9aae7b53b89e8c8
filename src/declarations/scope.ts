import { isGivenScope, isStandardScope, type ScopeDefinition, scopeSchema } from '../apis/scope-definition.ts'
import { deleteScope, listScopes, saveScope } from '../apis/scopes.ts'
import type { Kind } from './kind.ts'

const schema = scopeSchema
  .refine((document) => !isStandardScope(document.scope) && !isGivenScope(document.scope), { path: ['scope'], error: 'is a scope that this server defines itself' })
  .refine((document) => !document.scope.startsWith('gk_'), { path: ['scope'], error: 'gk_ scopes are declared by their api' })

export const scope: Kind<ScopeDefinition> = {
  kind: 'scope',
  members: Object.keys(scopeSchema.shape),
  schema: () => schema,
  identity: (document) => document.scope,
  references: () => [],
  list: listScopes,
  save: ({ trx, document, declared }) => saveScope(trx, document, declared),
  remove: (trx, current) => deleteScope(trx, current.id),
}
