import { encode, type ResponseMode } from './mode.ts'

/** Parameters in the query; a query that the redirect URI has stays (RFC 6749 §3.1.2). */
export const query: ResponseMode = {
  name: 'query',
  depart: (redirectUri, parameters) => ({ kind: 'address', url: `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${encode(parameters)}` }),
}
