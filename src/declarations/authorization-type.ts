import { type AuthorizationType, authorizationTypeSchema } from '../apis/authorization-type.ts'
import { deleteAuthorizationType, listAuthorizationTypes, saveAuthorizationType } from '../apis/authorization-types.ts'
import type { Kind } from './kind.ts'

/** A type of authorization details (RFC 9396). */
export const authorizationType: Kind<AuthorizationType> = {
  kind: 'authorization_details_type',
  members: Object.keys(authorizationTypeSchema.shape),
  schema: () => authorizationTypeSchema,
  identity: (document) => document.type,
  references: () => [],
  list: listAuthorizationTypes,
  save: ({ trx, document, declared }) => saveAuthorizationType(trx, document, declared),
  remove: (trx, current) => deleteAuthorizationType(trx, current.id),
}
