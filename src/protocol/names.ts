// Registered names that several floors share.

/** The `typ` of an id token's header. */
export const ID_TOKEN_TYPE = 'JWT'
/** The `typ` of a JWT access token's header (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'
/** The `typ` of a signed introspection answer (RFC 9701 §5). */
export const INTROSPECTION_TYPE = 'token-introspection+jwt'
