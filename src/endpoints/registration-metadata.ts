import type { z } from 'zod'
import { isGivenScope, standardScopes } from '../apis/scope-definition.ts'
import { offeredMethods } from '../clients/authentication/offered-methods.ts'
import { localizedName } from '../clients/localized-name.ts'
import { type ClientMetadata, clientMetadataSchema } from '../clients/metadata.ts'
import { ownOrigins } from '../clients/own-origins.ts'
import { askSector } from '../clients/sector.ts'
import { profiles } from '../clients/profiles.ts'
import { type Config, takesCertificates } from '../config.ts'
import type { Context } from '../context.ts'
import { asciiDescription, invalidClientMetadata, invalidRedirectUri } from '../protocol/error.ts'
import { offered } from './offered.ts'

// Owns what a stranger may say of a client when it registers itself: the registered members, and none of ours, which are an operator's to
// decide (who owns it, whether people are asked, what is switched on).

const schema = clientMetadataSchema(offered)

const OURS = new Set(['client_id', 'organization', 'status', 'login_providers', 'consent', 'profile', 'report_only', 'compatibility', 'optional_scopes', 'allowed_origins', 'require_second_factor', 'require_dpop_nonce', 'consent_webhook_uri'])
const ALLOWED: readonly string[] = Object.keys(schema.in.shape).filter((name) => !OURS.has(name))
const APPLICATION_TYPES = new Set(['web', 'native'])

type Said = Readonly<Record<string, unknown>>

// What the member means elsewhere is not what ours means.
function applicationType(said: Said): Said {
  const type = said['application_type']
  return typeof type === 'string' && APPLICATION_TYPES.has(type) ? { application_type: type } : {}
}

function toFault(error: z.ZodError): Error {
  const [issue] = error.issues
  const member = String(issue?.path[0] ?? 'request')
  const description = `${issue?.path.join('.') ?? 'request'}: ${issue?.message ?? 'not valid'}`
  return member === 'redirect_uris' ? invalidRedirectUri(description, { parameter: member }) : invalidClientMetadata(description, { parameter: member })
}

function requireHttps(said: Said): void {
  const uri = said['initiate_login_uri']
  if (typeof uri === 'string' && !uri.startsWith('https:')) throw invalidClientMetadata('initiate_login_uri: must be an https URL', { parameter: 'initiate_login_uri' })
}

// What needs certificates is no use where nobody is asked for one: better to hear it now than at the first token.
function requireOffered(config: Config, { token_endpoint_auth_method: method, tls_client_certificate_bound_access_tokens: bound }: ClientMetadata): void {
  if (!offeredMethods(config).includes(method)) throw invalidClientMetadata(`token_endpoint_auth_method: must be one of: ${offeredMethods(config).join(', ')}`, { parameter: 'token_endpoint_auth_method' })
  if (bound && !takesCertificates(config)) throw invalidClientMetadata('tls_client_certificate_bound_access_tokens: no certificates are taken here', { parameter: 'tls_client_certificate_bound_access_tokens' })
}

// They tell of other clients' consents, or speak for people: an operator gives them.
function requireNoOwnScopes({ scope }: ClientMetadata): void {
  const own = scope.split(' ').find(isGivenScope)
  if (own !== undefined) throw invalidClientMetadata(`scope: ${own} is given by the operator`, { parameter: 'scope' })
}

/** Reads what a client says of itself; members that we do not know are ignored (RFC 7591 §2). Throws `invalid_client_metadata` or `invalid_redirect_uri`. */
export function readRegistration(config: Config, clientId: string, said: Said): ClientMetadata {
  requireHttps(said)
  const known = Object.fromEntries(ALLOWED.filter((name) => said[name] !== undefined && said[name] !== null).map((name) => [name, said[name]]))
  const result = schema.safeParse({
    scope: standardScopes.join(' '),
    // What holds where nothing is said (RFC 7591 §2), whatever the kind of application.
    token_endpoint_auth_method: 'client_secret_basic',
    ...known,
    ...localizedName(said),
    ...applicationType(said),
    client_id: clientId,
    allowed_origins: ownOrigins(known['token_endpoint_auth_method'], known['redirect_uris']),
    profile: config.registrationProfile,
    compatibility: profiles[config.registrationProfile].registeredSwitches,
  })
  if (!result.success) throw toFault(result.error)
  requireOffered(config, result.data)
  requireNoOwnScopes(result.data)
  return result.data
}

/** Throws `invalid_client_metadata` when the sector that a client names does not list it. */
export async function requireSector(ctx: Context, metadata: ClientMetadata): Promise<void> {
  const fault = await askSector(ctx, metadata)
  if (fault !== undefined) throw invalidClientMetadata(asciiDescription(`sector_identifier_uri: ${fault}`), { parameter: 'sector_identifier_uri' })
}

/** What the client is told of its registration: the registered members as they are now. */
export function describeRegistration(metadata: ClientMetadata): Record<string, unknown> {
  const shown = Object.entries(metadata).filter(([name, value]) => ALLOWED.includes(name) && value !== undefined)
  const { client_name: name } = metadata
  const names = name === undefined || typeof name === 'string' ? {} : Object.fromEntries(Object.entries(name).map(([language, text]) => [language === 'en' ? 'client_name' : `client_name#${language}`, text]))
  return { ...Object.fromEntries(shown), ...names }
}
