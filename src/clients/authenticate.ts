import type { Context } from '../context.ts'
import { invalidClient, invalidRequest, type OAuthError } from '../protocol/error.ts'
import type { Trace } from '../protocol/trace.ts'
import type { ClientAuthenticationMethod, PresentedCredentials } from './authentication/method.ts'
import { clientAuthenticationMethods } from './authentication/index.ts'
import { type Client, isEnabled } from './client.ts'
import { requireAllowed } from './profile-rules.ts'
import { isWithin } from './profiles.ts'
import { noteDocumentUse, resolveClient } from './client-documents.ts'

const proven: unique symbol = Symbol('authenticated')

/** A client that has proven who it is, in the way it registered. Only authenticateClient makes one. */
export type AuthenticatedClient = Client & { readonly [proven]: true }

// One public sentence for unknown, disabled, wrong method and wrong secret: anything finer would tell a stranger which ids exist.
function refused(ctx: Context, clientId: string, method: string, trace: Trace): OAuthError {
  ctx.audit.record({ event: 'client.authentication_failed', clientId: clientId.slice(0, 200), method })
  return invalidClient('Client authentication failed', { detail: trace.cause, trace: { clientId, ...trace } })
}

interface Attempt {
  readonly clientId: string
  /** In the order of the list; one, or several that send the same. */
  readonly methods: readonly [ClientAuthenticationMethod, ...ClientAuthenticationMethod[]]
}

function attemptOf(presented: PresentedCredentials): Attempt {
  const [first, ...others] = clientAuthenticationMethods.filter((method) => method.isPresent(presented))
  if (first === undefined) throw invalidClient('Client authentication is missing', { trace: { cause: 'client_auth.missing', compared: [{ name: 'client authentication', expected: clientAuthenticationMethods.map(({ name }) => name).join(', ') }] } })
  if (others.some(({ sends }) => sends !== first.sends)) throw invalidRequest('More than one way of client authentication was used', { trace: { cause: 'client_auth.several', compared: [{ name: 'client authentication', sent: [first, ...others].map(({ name }) => name).join(', ') }] } })
  return { clientId: first.claimedId(presented), methods: [first, ...others] }
}

/** Which client a request says it comes from, without proof: for CORS headers only. */
export function claimedClientId(presented: PresentedCredentials): string | undefined {
  try {
    return attemptOf(presented).clientId
  } catch {
    return undefined
  }
}

/**
 * Exactly one method must be present, it must be the registered one, and it must prove the client (RFC 6749 §2.3).
 * Throws `invalid_client` (401) or `invalid_request` for two methods at once.
 */
export async function authenticateClient(ctx: Context, presented: PresentedCredentials): Promise<AuthenticatedClient> {
  const { clientId, methods } = attemptOf(presented)
  const client = await resolveClient(ctx, clientId)
  if (client === undefined) throw refused(ctx, clientId, methods[0].name, { cause: 'client.unknown', compared: [{ name: 'client_id', sent: clientId }] })
  const method = methods.find(({ name }) => name === client.metadata.token_endpoint_auth_method) ?? methods[0]
  const good = await method.proves(presented, client, ctx)
  if (!isEnabled(client)) throw refused(ctx, clientId, method.name, { cause: 'client.disabled', compared: [{ name: 'status', sent: client.status, expected: 'development, production' }] })
  const registered = client.metadata.token_endpoint_auth_method
  if (registered !== method.name) throw refused(ctx, clientId, method.name, { cause: 'client_auth.method', compared: [{ name: 'token_endpoint_auth_method', sent: method.name, expected: registered }] })
  if (good !== true) throw refused(ctx, clientId, method.name, good)
  requireAllowed(ctx, client, { rule: 'client_authentication', allows: ({ authenticationMethods }) => isWithin(authenticationMethods, method.name) }, () => refused(ctx, clientId, method.name, { cause: 'client_auth.profile', compared: [{ name: 'token_endpoint_auth_method', sent: method.name }, { name: 'profile', sent: client.metadata.profile }] }))
  await noteDocumentUse(ctx, client)
  return client as AuthenticatedClient
}
