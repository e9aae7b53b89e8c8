// Registered names that several floors share.

/** The grant type of tokens through the browser (RFC 6749 §4.2): registered, advertised, and never redeemed at the token endpoint. */
export const IMPLICIT = 'implicit'

/** The `typ` of an id token's header. */
export const ID_TOKEN_TYPE = 'JWT'
/** The `typ` of a JWT access token's header (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'
/** The `typ` of a logout token's header (OpenID Connect Back-Channel Logout 1.0 §2.4). */
export const LOGOUT_TOKEN_TYPE = 'logout+jwt'
/** The `typ` of a signed authorization response (JARM): its audience and its members tell it from other JWTs of ours. */
export const AUTHORIZATION_RESPONSE_TYPE = 'oauth-authz-resp+jwt'
/** The `typ` of signed claims about a person (OpenID Connect Core §5.3.2): it must not pass for an id token. */
export const USERINFO_TYPE = 'userinfo+jwt'
/** The `typ` of a signed introspection answer (RFC 9701 §5). */
export const INTROSPECTION_TYPE = 'token-introspection+jwt'
/** The `typ` of a receipt for a consent: ours, and good for nothing but being kept. */
export const CONSENT_RECEIPT_TYPE = 'consent-receipt+jwt'
