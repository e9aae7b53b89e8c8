import { serverError } from '../protocol/error.ts'
import { textOf } from './exchange.ts'
import type { Walk } from './walk.ts'

type EndpointName = 'authorization_endpoint' | 'token_endpoint' | 'userinfo_endpoint' | 'jwks_uri' | 'introspection_endpoint' | 'revocation_endpoint' | 'end_session_endpoint'

/** An address that discovery told. Throws `server_error` when it told none. */
export function endpointOf(walk: Walk, name: EndpointName): string {
  const address = textOf(walk.discovery.answer, name)
  if (address === undefined) throw serverError(`The metadata has no ${name}`)
  return address
}

/** The issuer that discovery told. */
export function issuerOf(walk: Walk): string {
  return textOf(walk.discovery.answer, 'issuer') ?? ''
}
