import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import type { ColumnType, Generated, JSONColumnType } from 'kysely'

// The tables, one interface each. The owner named above it is the one file that reads and writes it.

type Time = ColumnType<Date, never, never>
type Json = JSONColumnType<Record<string, unknown>>

interface Declared {
  document: Json
  declared: ColumnType<boolean, boolean | undefined, boolean>
  created_at: Time
  updated_at: ColumnType<Date, never, unknown>
}

/** database/cache-versions.ts */
interface CacheVersions {
  name: string
  version: ColumnType<string, never, unknown>
}

/** organizations/store.ts */
interface Organizations extends Declared {
  organization_id: string
}

/** clients/store.ts */
interface Clients extends Declared {
  client_key: Generated<string>
  client_id: string
  status: string
  origins: string[]
  owner_user_id: ColumnType<string | null, string | null | undefined, string | null>
}

/** clients/secrets.ts */
interface ClientSecrets {
  secret_id: string
  client_key: string
  secret_hash: Buffer
  hint: string
  sealed: ColumnType<Buffer | null, Buffer | null | undefined, never>
  declared: ColumnType<boolean, boolean | undefined, boolean>
  created_at: Time
  expires_at: ColumnType<Date | null, never, unknown>
}

/** apis/store.ts */
interface Apis extends Declared {
  api_id: string
  audience: string | null
  sealed_secret: Buffer | null
  held: ColumnType<boolean, boolean | undefined, boolean>
}

/** apis/scopes.ts */
interface Scopes extends Declared {
  scope: string
}

/** users/store.ts */
interface Users {
  user_id: string
  status: ColumnType<string, string | undefined, string>
  organization_id: string | null
  username: string | null
  merged_into: ColumnType<string | null, never, never>
  claims: Json
  groups: string[]
  declared: ColumnType<boolean, boolean | undefined, boolean>
  created_at: Time
  updated_at: ColumnType<Date, never, unknown>
}

/** users/passwords.ts */
interface Passwords {
  user_id: string
  phc: string
  declared_digest: Buffer | null
  changed_at: ColumnType<Date, never, unknown>
}

/** users/consents.ts */
interface Consents {
  consent_id: string
  user_id: string
  client_key: string
  granted: string[]
  declined: string[]
  received: ColumnType<string[], string[] | undefined, unknown>
  authorization_details: ColumnType<readonly AuthorizationDetail[] | null, string | null, string | null>
  used_at: ColumnType<Date | null, never, unknown>
  removed_at: ColumnType<Date | null, never, unknown>
  removed_by: ColumnType<'person' | 'operator' | null, never, unknown>
  created_at: ColumnType<Date, never, unknown>
  updated_at: ColumnType<Date, never, unknown>
}

/** keys/store.ts */
interface SigningKeys {
  kid: string
  alg: string
  public_jwk: Json
  sealed_private: Buffer
  created_at: Time
  signs_from: ColumnType<Date, unknown, unknown>
  retires_at: ColumnType<Date | null, never, unknown>
  leaves_at: ColumnType<Date | null, never, unknown>
}

/** upstream/store.ts */
interface Providers extends Declared {
  provider_id: string
  protocol: string
  country: string | null
  sealed_secret: Buffer | null
  federation: ColumnType<string | null, string | null | undefined, string | null>
  source_hash: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>
}

/** The database as Kysely sees it. Tables that only hand-written hot statements touch are not listed. */
export interface Database {
  cache_versions: CacheVersions
  organizations: Organizations
  clients: Clients
  client_secrets: ClientSecrets
  apis: Apis
  scopes: Scopes
  users: Users
  passwords: Passwords
  consents: Consents
  signing_keys: SigningKeys
  providers: Providers
}
