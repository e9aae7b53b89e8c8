import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../clients/client.ts'
import { type ClientMetadata, clientMetadataSchema } from '../clients/metadata.ts'
import { ACCOUNT_CLIENT } from '../clients/own-clients.ts'
import { findClient, readClient, saveClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'

// Owns the registration of the account pages with their own server: a client like any other, so that people sign in to them at the same
// doors, by the same rules and with the same chooser as everywhere. It has no secret and gets no tokens (sign-in.ts).

/** Where the answer comes back to, below the issuer. */
export const SIGNED_IN = '/account/signed-in'

const schema = clientMetadataSchema({ grantTypes: ['authorization_code'], responseTypes: ['code'], authenticationMethods: ['none'], signingAlgorithms: ['RS256'] })

function registration(issuer: string): ClientMetadata {
  // The schema keeps our own names from others; this is the one who may have it.
  const metadata = schema.parse({
    client_name: { en: 'Your account', nb: 'Kontoen din', nn: 'Kontoen din', fi: 'Oma tili', sv: 'Ditt konto' },
    redirect_uris: [`${issuer}${SIGNED_IN}`],
    token_endpoint_auth_method: 'none',
    scope: 'openid',
    consent: 'implied',
    client_uri: `${issuer}/account`,
  })
  return { ...metadata, client_id: ACCOUNT_CLIENT }
}

/** Registers the account pages for this issuer, or brings their registration up to date. Writes nothing when it is. */
export async function keepAccountClient(ctx: Context): Promise<void> {
  const wanted = registration(ctx.config.issuer)
  const current = await readClient(ctx.db, ACCOUNT_CLIENT)
  if (isDeepStrictEqual(current?.metadata, wanted)) return
  await inTransaction(ctx.db, (trx) => saveClient(trx, ACCOUNT_CLIENT, wanted, false))
}

/** The client of the account pages. Throws when it is gone: then this server cannot have been started. */
export async function accountClient(ctx: Context): Promise<Client> {
  const client = await findClient(ctx, ACCOUNT_CLIENT)
  if (client === undefined) throw new Error('the account pages are not registered')
  return client
}
