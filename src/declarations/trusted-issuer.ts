import { deleteTrustedIssuer, listTrustedIssuers, saveTrustedIssuer, type TrustedIssuer, trustedIssuerSchema } from '../clients/trusted-issuers.ts'
import type { Kind } from './kind.ts'

export const trustedIssuer: Kind<TrustedIssuer> = {
  kind: 'trusted_issuer',
  members: Object.keys(trustedIssuerSchema.shape),
  schema: () => trustedIssuerSchema,
  identity: (document) => document.issuer,
  names: ['provider', 'client'],
  references: ({ provider, clients = [] }) => [
    ...(provider === undefined ? [] : [{ path: ['provider'], kind: 'provider', id: provider }]),
    ...clients.map((id, i) => ({ path: ['clients', i], kind: 'client', id })),
  ],
  list: listTrustedIssuers,
  save: ({ trx, document, declared }) => saveTrustedIssuer(trx, document, declared),
  remove: (trx, current) => deleteTrustedIssuer(trx, current.id),
}
