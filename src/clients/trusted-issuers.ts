import { type Kysely, sql, type Transaction } from 'kysely'
import { z } from 'zod'
import { type Context, perContext } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { DeclaredDocument } from '../database/declared.ts'
import type { Database } from '../database/schema.ts'
import { jsonWebKeySet } from './json-web-keys.ts'
import { secureAddress } from './metadata.ts'

// Owns trusted_issuers: parties whose signed word counts here, and for what. A key is trusted for what its declaration names and for
// nothing else: who may vouch for applications may not vouch for people.

/** What the word of an issuer can be about. */
export const trustedPurposes = ['authorization_grants', 'software_statements'] as const
export type TrustedPurpose = (typeof trustedPurposes)[number]

export const trustedIssuerSchema = z
  .strictObject({
    issuer: z.string().min(1).max(500).regex(/^[\x21-\x7E]+$/, 'must be the `iss` of its JWTs, letter for letter'),
    accepts: z.array(z.enum(trustedPurposes)).min(1),
    jwks: jsonWebKeySet.optional(),
    jwks_uri: secureAddress.optional(),
    /** Its subjects are people of this provider; left out, a subject is the client itself. */
    provider: z.string().optional(),
    /** The clients that may come with its assertions; left out, every client with the grant type. */
    clients: z.array(z.string()).min(1).max(1000).optional(),
  })
  .superRefine(({ jwks, jwks_uri, accepts, provider, clients }, context) => {
    const fault = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if ((jwks === undefined) === (jwks_uri === undefined)) fault('jwks', 'say the public keys (jwks) or where they are (jwks_uri), one of the two')
    if (!accepts.includes('authorization_grants') && (provider ?? clients) !== undefined) fault('accepts', 'provider and clients are about authorization_grants')
  })

/** A party whose signed word counts. */
export type TrustedIssuer = z.output<typeof trustedIssuerSchema>

const cache = perContext((ctx: Context) =>
  createCache<string, TrustedIssuer>({
    name: 'trusted_issuers',
    versions: ctx.versions,
    max: 1000,
    load: async (issuer) => {
      const { rows } = await sql<{ document: TrustedIssuer }>`select document from trusted_issuers where issuer = ${issuer}`.execute(ctx.db)
      return rows[0]?.document
    },
  }),
)

const LONGEST_ISSUER = 500

/** The declared issuer of that name whose word counts for that, from memory; nothing otherwise. */
export async function findTrustedIssuer(ctx: Context, issuer: unknown, purpose: TrustedPurpose): Promise<TrustedIssuer | undefined> {
  if (typeof issuer !== 'string' || issuer.length > LONGEST_ISSUER) return undefined
  const found = await cache(ctx).get(issuer)
  return found?.accepts.includes(purpose) === true ? found : undefined
}

export async function listTrustedIssuers(db: Kysely<Database>): Promise<readonly DeclaredDocument[]> {
  const { rows } = await sql<{ issuer: string; document: TrustedIssuer; declared: boolean }>`select issuer, document, declared from trusted_issuers order by issuer`.execute(db)
  return rows.map(({ issuer, document, declared }) => ({ id: issuer, document, declared }))
}

export async function saveTrustedIssuer(trx: Transaction<Database>, trusted: TrustedIssuer, declared: boolean): Promise<void> {
  await sql`insert into trusted_issuers (issuer, document, declared) values (${trusted.issuer}, ${JSON.stringify(trusted)}::jsonb, ${declared})
    on conflict (issuer) do update set document = excluded.document, declared = excluded.declared, updated_at = clock_now()`.execute(trx)
  await raiseCacheVersion(trx, 'trusted_issuers')
}

export async function deleteTrustedIssuer(trx: Transaction<Database>, issuer: string): Promise<void> {
  await sql`delete from trusted_issuers where issuer = ${issuer}`.execute(trx)
  await raiseCacheVersion(trx, 'trusted_issuers')
}
