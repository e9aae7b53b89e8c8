import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startTestServer, type TestServer } from '../support/app.ts'
import { get } from '../support/relying-party.ts'
import { keysOf } from './checks.ts'
import { startProvider } from './party.ts'

// The config plan: the metadata, as an operator's clients find them and as clients find them that register themselves.

let closed: TestServer
let open: TestServer
beforeAll(async () => {
  ;[closed, open] = await Promise.all([startTestServer(), startProvider()])
})
afterAll(() => Promise.all([closed.close(), open.close()]))

const METADATA = '/.well-known/openid-configuration'
const texts = z.array(z.string().min(1)).min(1).refine((values) => new Set(values).size === values.length)
const scopes = z.array(z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/)).min(1)
const flag = z.boolean()
// Tests run on a loopback address, which is all that may do without TLS.
const address = z.url().refine((text) => text.startsWith('https:') || new URL(text).hostname === 'localhost')

/** OpenID Connect Discovery §3 and RFC 8414 §2, and what later documents registered with IANA. */
const metadata = z
  .object({
    issuer: address,
    authorization_endpoint: address,
    token_endpoint: address,
    userinfo_endpoint: address,
    jwks_uri: address,
    registration_endpoint: address.optional(),
    scopes_supported: scopes,
    response_types_supported: texts,
    response_modes_supported: texts,
    grant_types_supported: texts,
    acr_values_supported: texts,
    subject_types_supported: z.array(z.enum(['public', 'pairwise'])).min(1),
    id_token_signing_alg_values_supported: texts,
    userinfo_signing_alg_values_supported: texts,
    request_object_signing_alg_values_supported: texts,
    token_endpoint_auth_methods_supported: texts,
    token_endpoint_auth_signing_alg_values_supported: texts,
    display_values_supported: z.array(z.enum(['page', 'popup', 'touch', 'wap'])),
    claim_types_supported: z.array(z.enum(['normal', 'aggregated', 'distributed'])),
    claims_supported: texts,
    ui_locales_supported: z.array(z.string().regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/)),
    claims_parameter_supported: flag,
    request_parameter_supported: flag,
    request_uri_parameter_supported: flag,
    require_request_uri_registration: flag,
    code_challenge_methods_supported: texts,
    authorization_response_iss_parameter_supported: flag,
    end_session_endpoint: address,
    backchannel_logout_supported: flag,
    backchannel_logout_session_supported: flag,
    frontchannel_logout_supported: flag,
    frontchannel_logout_session_supported: flag,
  })
  .loose()

describe.each(['static_client', 'dynamic_client'] as const)('%s', (registration) => {
  test('oidcc-discovery-endpoint-verification', async () => {
    const server = registration === 'static_client' ? closed : open
    const { status, headers, body } = await get(server.issuer, METADATA)
    expect([status, headers.get('content-type'), body['issuer']]).toEqual([200, expect.stringMatching(/^application\/json/), server.issuer])
    expect(metadata.safeParse(body).error?.issues).toBeUndefined()
    for (const [name, value] of Object.entries(body)) if (name.endsWith('_endpoint')) expect(address.safeParse(value).success, name).toBe(true)
    expect(body['id_token_signing_alg_values_supported']).toContain('RS256')
    expect(body['request_object_signing_alg_values_supported']).toContain('RS256')
    expect(body['scopes_supported']).toContain('openid')
    expect(body['code_challenge_methods_supported']).toEqual(['S256'])
    expect(body['claims_supported']).toEqual(expect.arrayContaining(['sub', 'name', 'email', 'email_verified', 'address', 'phone_number']))
    expect('registration_endpoint' in body).toBe(registration === 'dynamic_client')
    // What clients may expect that register themselves (Discovery §3).
    expect(body['response_types_supported']).toEqual(expect.arrayContaining(['code', 'id_token', 'id_token token']))
    expect(body['grant_types_supported']).toEqual(expect.arrayContaining(['authorization_code', 'implicit']))
    expect((await keysOf(server)).length).toBeGreaterThan(0)
  })
})

const encryption = (name: string): string => `${name}_encryption_alg_values_supported ${name}_encryption_enc_values_supported`

/** Members that a document names; one that none does makes the suite warn. */
const REGISTERED = [
  ['OpenID Connect Discovery', `service_documentation op_policy_uri op_tos_uri ${encryption('id_token')} ${encryption('userinfo')} ${encryption('request_object')}`],
  ['RFC 8414', ['introspection', 'revocation'].map((name) => `${name}_endpoint ${name}_endpoint_auth_methods_supported ${name}_endpoint_auth_signing_alg_values_supported`).join(' ')],
  ['RFC 8628', 'device_authorization_endpoint'],
  ['RFC 8705', 'tls_client_certificate_bound_access_tokens mtls_endpoint_aliases'],
  ['RFC 9101', 'require_signed_request_object'],
  ['RFC 9126', 'pushed_authorization_request_endpoint require_pushed_authorization_requests'],
  ['RFC 9396', 'authorization_details_types_supported'],
  ['RFC 9449', 'dpop_signing_alg_values_supported'],
  ['RFC 9701', `introspection_signing_alg_values_supported ${encryption('introspection')}`],
  ['RFC 9728', 'protected_resources'],
  ['Grant Management', 'grant_management_endpoint grant_management_actions_supported grant_management_action_required'],
  ['JARM', `authorization_signing_alg_values_supported ${encryption('authorization')}`],
  ['Initiating User Registration', 'prompt_values_supported'],
  ['CIBA', 'backchannel_authentication_endpoint backchannel_token_delivery_modes_supported backchannel_authentication_request_signing_alg_values_supported backchannel_user_code_parameter_supported'],
  ['Session Management', 'check_session_iframe'],
  ['Client ID Metadata Document', 'client_id_metadata_document_supported'],
] as const

test('nothing is in the metadata that is not known', async () => {
  const known = new Set([...Object.keys(metadata.shape), ...REGISTERED.flatMap(([, names]) => names.split(' '))])
  const { body } = await get(open.issuer, METADATA)
  expect(Object.keys(body).filter((name) => !known.has(name))).toEqual([])
})
