import { z } from 'zod'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { certificateNameFault, certificateNameMembers } from './certificate-names.ts'
import { compatibilitySwitches } from './compatibility.ts'
import { clientSigningAlgorithms, jsonWebKeySet } from './json-web-keys.ts'
import { localizedText } from '../protocol/localized-text.ts'
import { isInsecureRedirect, isLoopbackRedirect, redirectUriFault } from '../protocol/redirect-uri.ts'
import { isOwnClient } from './own-clients.ts'
import { contentEncryptions, encryptionAlgorithms, encryptionFaults } from './response-encryption.ts'
import { sectorFault, subjectTypes } from './sector-identifier.ts'
import { byStrictness, isWithin, profileNames, profiles, refusesSwitch } from './profiles.ts'

// Owns what a client's registration may say: RFC 7591 and OpenID Connect Registration names, letter for letter, and ours in snake_case.
// Which grants, methods and algorithms exist is told by the caller above: lower floors ask, upper floors tell.

/** What other floors offer, so that nothing can be registered that is not there. */
export interface Offered {
  readonly grantTypes: readonly string[]
  readonly responseTypes: readonly string[]
  readonly authenticationMethods: readonly string[]
  readonly signingAlgorithms: readonly string[]
}

export const applicationTypes = ['web', 'native', 'spa', 'service', 'device'] as const
export const clientStatuses = ['development', 'production', 'disabled'] as const

const CLIENT_ID = /^[A-Za-z0-9._~-]{1,200}$/
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$/

/** Whether a text could be a client's identifier: anything else is not looked up. */
export function isClientId(text: string): boolean {
  return CLIENT_ID.test(text)
}

const webAddress = z.string().max(2000).refine((text) => canParseUrl(text) && /^https?:$/.test(new URL(text).protocol), 'must be an http or https URL')
/** An https address, or one of this machine. */
export const secureAddress = webAddress.refine((text) => text.startsWith('https:') || isLoopbackRedirect(text), 'must be an https URL')
const redirectUri = z.string().max(2000).superRefine((uri, context) => {
  const fault = redirectUriFault(uri)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
})
// A rule is asked about a text that another one found wrong already, too.
const origin = webAddress.refine((text) => !canParseUrl(text) || new URL(text).origin === text, 'must be an origin such as https://app.example.org')

function certificateName(member: (typeof certificateNameMembers)[number]) {
  return z
    .string()
    .max(1000)
    .superRefine((name, context) => {
      const fault = certificateNameFault(member, name)
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
    })
    .optional()
}

function among(values: readonly string[]): z.ZodType<string, string> {
  return z.string().refine((value) => values.includes(value), { error: `must be one of: ${values.join(', ')}` })
}

/** A response type, its values in whatever order (Multiple Response Types §3), as we write it. */
function responseTypeAmong(types: readonly string[]): z.ZodType<string, string> {
  const sorted = (type: string): string => type.split(' ').toSorted().join(' ')
  return z.string().transform((said) => types.find((type) => sorted(type) === sorted(said)) ?? said).pipe(among(types))
}

function shape(offered: Offered) {
  return z.strictObject({
    client_id: z.string().regex(CLIENT_ID, 'must be 1 to 200 of A-Z a-z 0-9 . _ ~ -').refine((id) => !isOwnClient(id), 'is the name of a part of this server').optional(),
    client_name: localizedText.optional(),
    application_type: z.enum(applicationTypes).default('web'),
    redirect_uris: z.array(redirectUri).max(100).default([]),
    post_logout_redirect_uris: z.array(redirectUri).max(100).default([]),
    grant_types: z.array(among(offered.grantTypes)).optional(),
    response_types: z.array(responseTypeAmong(offered.responseTypes)).optional(),
    token_endpoint_auth_method: among(offered.authenticationMethods).optional(),
    token_endpoint_auth_signing_alg: among([...clientSigningAlgorithms, 'HS256']).optional(),
    request_object_signing_alg: among(clientSigningAlgorithms).optional(),
    require_signed_request_object: z.boolean().default(false),
    require_pushed_authorization_requests: z.boolean().default(false),
    request_uris: z.array(secureAddress).max(20).default([]),
    tls_client_auth_subject_dn: certificateName('tls_client_auth_subject_dn'),
    tls_client_auth_san_dns: certificateName('tls_client_auth_san_dns'),
    tls_client_auth_san_uri: certificateName('tls_client_auth_san_uri'),
    tls_client_auth_san_ip: certificateName('tls_client_auth_san_ip'),
    tls_client_auth_san_email: certificateName('tls_client_auth_san_email'),
    tls_client_certificate_bound_access_tokens: z.boolean().default(false),
    dpop_bound_access_tokens: z.boolean().default(false),
    require_dpop_nonce: z.boolean().default(false),
    jwks: jsonWebKeySet.optional(),
    jwks_uri: secureAddress.optional(),
    scope: z.string().max(4096).regex(SCOPE, 'must be scope values separated by one space').default('openid'),
    authorization_details_types: z.array(z.string().min(1).max(200)).max(50).default([]),
    optional_scopes: z.array(z.string()).default([]),
    allowed_origins: z.array(origin).max(50).default([]),
    organization: z.string().optional(),
    status: z.enum(clientStatuses).default('production'),
    login_providers: z.array(z.string().min(1).max(200)).min(1).default(['all']),
    consent: z.enum(['ask', 'implied']).default('ask'),
    profile: z.enum(profileNames).default('oauth21'),
    report_only: z.enum(profileNames).optional(),
    compatibility: z.array(z.enum(compatibilitySwitches)).default([]),
    subject_type: z.enum(subjectTypes).optional(),
    sector_identifier_uri: secureAddress.optional(),
    id_token_signed_response_alg: among(offered.signingAlgorithms).optional(),
    userinfo_signed_response_alg: among(offered.signingAlgorithms).optional(),
    authorization_signed_response_alg: among(offered.signingAlgorithms).optional(),
    introspection_signed_response_alg: among(offered.signingAlgorithms).optional(),
    id_token_encrypted_response_alg: among(encryptionAlgorithms).optional(),
    id_token_encrypted_response_enc: z.enum(contentEncryptions).optional(),
    userinfo_encrypted_response_alg: among(encryptionAlgorithms).optional(),
    userinfo_encrypted_response_enc: z.enum(contentEncryptions).optional(),
    introspection_encrypted_response_alg: among(encryptionAlgorithms).optional(),
    introspection_encrypted_response_enc: z.enum(contentEncryptions).optional(),
    authorization_encrypted_response_alg: among(encryptionAlgorithms).optional(),
    authorization_encrypted_response_enc: z.enum(contentEncryptions).optional(),
    default_max_age: z.number().int().min(0).optional(),
    require_auth_time: z.boolean().default(false),
    default_acr_values: z.array(z.string()).optional(),
    require_second_factor: z.boolean().optional(),
    initiate_login_uri: secureAddress.optional(),
    backchannel_token_delivery_mode: z.enum(['poll', 'ping']).optional(),
    backchannel_client_notification_endpoint: secureAddress.optional(),
    backchannel_authentication_request_signing_alg: among(clientSigningAlgorithms).optional(),
    backchannel_logout_uri: secureAddress.optional(),
    backchannel_logout_session_required: z.boolean().default(false),
    frontchannel_logout_uri: secureAddress.optional(),
    frontchannel_logout_session_required: z.boolean().default(false),
    consent_webhook_uri: secureAddress.optional(),
    software_id: z.string().max(200).optional(),
    software_version: z.string().max(200).optional(),
    software_statement: z.string().max(16_384).optional(),
    client_uri: webAddress.optional(),
    logo_uri: webAddress.optional(),
    policy_uri: webAddress.optional(),
    tos_uri: webAddress.optional(),
    contacts: z.array(z.string().max(200)).max(10).default([]),
  })
}

type Shape = z.output<ReturnType<typeof shape>>
type Refine = (client: Shape, fault: (path: string, message: string) => void) => void

const PUBLIC_TYPES = new Set(['spa', 'native', 'device'])

type Defaults = {
  readonly grant_types: string[]
  readonly response_types: string[]
  readonly token_endpoint_auth_method: string
  readonly id_token_signed_response_alg: string
  readonly authorization_signed_response_alg: string
}

function withDefaults(client: Shape): Shape & Defaults {
  const grants = client.grant_types ?? (client.application_type === 'service' ? ['client_credentials'] : ['authorization_code'])
  return {
    ...client,
    grant_types: grants,
    response_types: client.response_types ?? [...(grants.includes('authorization_code') ? ['code'] : []), ...(grants.includes('implicit') ? ['id_token', 'id_token token', 'token'] : [])],
    token_endpoint_auth_method: client.token_endpoint_auth_method ?? (PUBLIC_TYPES.has(client.application_type) ? 'none' : 'client_secret_basic'),
    id_token_signed_response_alg: client.id_token_signed_response_alg ?? profiles[client.profile].ownAlgorithm,
    authorization_signed_response_alg: client.authorization_signed_response_alg ?? profiles[client.profile].ownAlgorithm,
  }
}

const redirectsMatchKind: Refine = (client, fault) => {
  for (const [i, uri] of client.redirect_uris.entries()) {
    if (redirectUriFault(uri) !== undefined) continue
    const scheme = new URL(uri).protocol
    if (scheme !== 'https:' && scheme !== 'http:' && client.application_type !== 'native') fault(`redirect_uris.${i}`, 'a private-use scheme needs application_type: native')
    if (!isInsecureRedirect(uri) || isLoopbackRedirect(uri)) continue
    if (!client.compatibility.includes('plain_http_redirect')) fault(`redirect_uris.${i}`, 'http is only for this machine; use https, or compatibility: [plain_http_redirect] while in development')
  }
}

const developmentOnly: Refine = (client, fault) => {
  if (client.compatibility.includes('plain_http_redirect') && client.status === 'production') fault('compatibility', 'plain_http_redirect needs status: development')
}

const profileAllows: Refine = (client, fault) => {
  const profile = profiles[client.profile]
  const { token_endpoint_auth_method: method, response_types } = withDefaults(client)
  const refused = client.compatibility.find((name) => refusesSwitch(profile, name))
  if (refused !== undefined) fault('compatibility', profile.refusedSwitches === 'all' ? `no compatibility switch goes with profile: ${profile.name}` : `${refused} goes not with profile: ${profile.name}`)
  if (!isWithin(profile.authenticationMethods, method)) fault('token_endpoint_auth_method', `${method} goes not with profile: ${profile.name}`)
  for (const type of response_types) if (!isWithin(profile.responseTypes, type)) fault('response_types', `${type} goes not with profile: ${profile.name}`)
  for (const name of ['id_token_signed_response_alg', 'userinfo_signed_response_alg', 'authorization_signed_response_alg', 'introspection_signed_response_alg', 'request_object_signing_alg', 'token_endpoint_auth_signing_alg'] as const) {
    if (profile.refusedAlgorithms.includes(client[name] ?? '')) fault(name, `${client[name]} goes not with profile: ${profile.name}`)
  }
}

const triedIsStricter: Refine = (client, fault) => {
  const { profile, report_only: tried } = client
  if (tried !== undefined && byStrictness.indexOf(tried) <= byStrictness.indexOf(profile)) fault('report_only', `must be stricter than profile: ${profile}`)
}

const grantsFit: Refine = (client, fault) => {
  const { grant_types, token_endpoint_auth_method, redirect_uris } = withDefaults(client)
  if ((grant_types.includes('authorization_code') || grant_types.includes('implicit')) && redirect_uris.length === 0) fault('redirect_uris', 'the authorization code grant needs at least one')
  if (grant_types.includes('client_credentials') && token_endpoint_auth_method === 'none') fault('grant_types', 'client_credentials needs a client that can authenticate')
  if (grant_types.includes('refresh_token') && grant_types.length === 1) fault('grant_types', 'refresh_token needs another grant beside it')
}

const optionalIsRequested: Refine = (client, fault) => {
  const asked = client.scope.split(' ')
  for (const scope of client.optional_scopes) if (!asked.includes(scope)) fault('optional_scopes', `${scope} is not in scope`)
  if (client.optional_scopes.includes('openid')) fault('optional_scopes', 'openid cannot be optional')
}

const frontChannelIsSwitchedOn: Refine = (client, fault) => {
  const others = withDefaults(client).response_types.filter((type) => type !== 'code')
  if (others.length > 0 && !client.compatibility.includes('implicit')) fault('response_types', 'tokens through the browser need compatibility: [implicit]')
  if (others.length > 0 && !withDefaults(client).grant_types.includes('implicit') && others.some((type) => !type.split(' ').includes('code'))) fault('grant_types', 'a response type without code needs the grant type implicit')
}

const passwordIsSwitchedOn: Refine = (client, fault) => {
  if (withDefaults(client).grant_types.includes('password') && !client.compatibility.includes('password')) fault('grant_types', 'password needs compatibility: [password]')
}

const keysAreThere: Refine = (client, fault) => {
  if (client.jwks !== undefined && client.jwks_uri !== undefined) fault('jwks_uri', 'goes not with jwks: say the keys or where they are (RFC 7591 §2)')
  const { token_endpoint_auth_method: method } = withDefaults(client)
  if (['private_key_jwt', 'self_signed_tls_client_auth'].includes(method) && client.jwks === undefined && client.jwks_uri === undefined) fault('jwks', `${method} needs the public keys: jwks or jwks_uri`)
}

const oneCertificateName: Refine = (client, fault) => {
  const isMeant = withDefaults(client).token_endpoint_auth_method === 'tls_client_auth'
  const [first, another] = certificateNameMembers.filter((member) => client[member] !== undefined)
  if (isMeant && first === undefined) fault('token_endpoint_auth_method', `tls_client_auth needs one of ${certificateNameMembers.join(', ')}`)
  if (!isMeant && first !== undefined) fault(first, 'goes with token_endpoint_auth_method: tls_client_auth only')
  if (another !== undefined) fault(another, 'is one too many: a client is known by exactly one name (RFC 8705 §2.1.2)')
}

const boundInOneWay: Refine = (client, fault) => {
  if (client.dpop_bound_access_tokens && client.tls_client_certificate_bound_access_tokens) fault('tls_client_certificate_bound_access_tokens', 'goes not with dpop_bound_access_tokens: a token is bound in one way')
}

const pingsSomewhere: Refine = (client, fault) => {
  if (client.backchannel_token_delivery_mode === 'ping' && client.backchannel_client_notification_endpoint === undefined) fault('backchannel_client_notification_endpoint', 'the delivery mode ping needs one')
}

const sectorIsOne: Refine = (client, fault) => {
  const wrong = sectorFault(client)
  if (wrong !== undefined) fault('sector_identifier_uri', wrong)
}

const answersCanBeEncrypted: Refine = (client, fault) => {
  for (const { member, message } of encryptionFaults(client)) fault(member, message)
}

const rules: readonly Refine[] = [redirectsMatchKind, developmentOnly, profileAllows, triedIsStricter, grantsFit, optionalIsRequested, frontChannelIsSwitchedOn, keysAreThere, oneCertificateName, boundInOneWay, pingsSomewhere, sectorIsOne, answersCanBeEncrypted, passwordIsSwitchedOn]

/** The schema of a registration, for files, dynamic registration, the management API and the dashboard alike. */
export function clientMetadataSchema(offered: Offered) {
  return shape(offered)
    .superRefine((client, context) => {
      const fault = (path: string, message: string): void => context.addIssue({ code: 'custom', path: path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)), message })
      for (const rule of rules) rule(client, fault)
    })
    .transform(withDefaults)
}

export type ClientMetadata = z.output<ReturnType<typeof clientMetadataSchema>>
