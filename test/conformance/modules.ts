// The modules of the OpenID Connect plans of the certification suite, by plan. What a module asks is told by the story of its name.

function names(text: string): readonly string[] {
  return text.trim().split(/\s+/).map((name) => `oidcc-${name}`)
}

const EVERYWHERE = `server idtoken-signature scope-profile scope-email scope-address scope-phone scope-all display-page display-popup prompt-login
  prompt-none-not-logged-in prompt-none-logged-in max-age-1 max-age-10000 ensure-request-with-unknown-parameter-succeeds id-token-hint login-hint
  ui-locales claims-locales ensure-request-with-acr-values-succeeds ensure-registered-redirect-uri
  request-uri-unsigned-supported-correctly-or-rejected-as-unsupported unsigned-request-object-supported-correctly-or-rejected-as-unsupported
  ensure-request-object-with-redirect-uri claims-essential`
const ORDER = 'alternate-happy-flow'
const MISSING = 'response-type-missing'
const USERINFO = 'userinfo-get userinfo-post-header userinfo-post-body'
const NONCE_OPTIONAL = 'ensure-request-without-nonce-succeeds-for-code-flow'
const NONCE_REQUIRED = 'ensure-request-without-nonce-fails'
const CODE = 'codereuse codereuse-30seconds refresh-token server-client-secret-post'
const PKCE = 'ensure-request-with-valid-pkce-succeeds'

/** The modules of the basic, implicit and hybrid plans by the response type that they are run with; form post runs the same. */
export const modulesOf = {
  code: names(`${EVERYWHERE} ${ORDER} ${MISSING} ${USERINFO} ${NONCE_OPTIONAL} ${CODE} ${PKCE} idtoken-unsigned ensure-post-request-succeeds`),
  id_token: names(`${EVERYWHERE} ${ORDER} ${NONCE_REQUIRED}`),
  'id_token token': names(`${EVERYWHERE} ${ORDER} ${NONCE_REQUIRED} ${USERINFO} ${MISSING}`),
  'code id_token': names(`${EVERYWHERE} ${ORDER} ${MISSING} ${USERINFO} ${NONCE_REQUIRED} ${CODE} ${PKCE}`),
  'code token': names(`${EVERYWHERE} ${USERINFO} ${NONCE_OPTIONAL} ${CODE}`),
  'code id_token token': names(`${EVERYWHERE} ${USERINFO} ${NONCE_REQUIRED} ${CODE}`),
} as const satisfies Readonly<Record<string, readonly string[]>>

export type ResponseType = keyof typeof modulesOf

/** Of the modules of a response type, those in which the named thing is at work. */
export function modulesAbout(type: ResponseType, about: string): readonly string[] {
  const named = names(about)
  return modulesOf[type].filter((module) => named.includes(module))
}

/** The modules of the plans that have stories of their own. */
export const otherPlans = {
  config: names('discovery-endpoint-verification'),
  dynamic: names(`idtoken-rs256 idtoken-unsigned userinfo-rs256 ensure-redirect-uri-in-authorization-request redirect-uri-query-OK
    redirect-uri-query-mismatch redirect-uri-query-added redirect-uri-regfrag discovery-endpoint-verification server registration-logo-uri
    registration-policy-uri registration-tos-uri registration-jwks-uri registration-sector-uri registration-sector-bad server-rotate-keys
    refresh-token-rp-key-rotation request-uri-unsigned request-uri-signed-rs256 ensure-request-object-with-redirect-uri refresh-token
    ensure-client-assertion-with-iss-aud-succeeds`),
  'third party': names('3rd_party-init-login 3rd_party-init-login-nohttps'),
  logout: names(`rp-initiated-logout-discovery-endpoint-verification rp-initiated-logout rp-initiated-logout-bad-post-logout-redirect-uri
    rp-initiated-logout-modified-id-token-hint rp-initiated-logout-no-id-token-hint rp-initiated-logout-no-params
    rp-initiated-logout-no-post-logout-redirect-uri rp-initiated-logout-no-state rp-initiated-logout-only-state
    rp-initiated-logout-query-added-to-post-logout-redirect-uri rp-initiated-logout-bad-id-token-hint
    backchannel-logout-discovery-endpoint-verification backchannel-rp-initiated-logout frontchannel-logout-discovery-endpoint-verification
    frontchannel-rp-initiated-logout`),
  session: names('session-management-discovery-endpoint-verification session-management-rp-initiated-logout'),
} as const
