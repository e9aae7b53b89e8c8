import { inLanguage } from '../protocol/localized-text.ts'
import type { Compatibility } from './compatibility.ts'
import type { ClientMetadata } from './metadata.ts'

/** A registered client, as every floor above sees it. `key` is what token rows refer to. */
export interface Client {
  readonly key: string
  readonly clientId: string
  readonly status: 'development' | 'production' | 'disabled'
  readonly metadata: Readonly<ClientMetadata>
  readonly scopes: readonly string[]
  readonly secretHashes: readonly Buffer[]
  /** An operator's file made it. */
  readonly declared: boolean
  /** Who registered it for themselves. Only of a client that is no organization's does it say whose it is: ask `ownerOf`. */
  readonly ownerUserId?: string | undefined
}

/** Whose a client is: its organization's, else the person's who registered it, else the operator's alone. */
export function ownerOf({ metadata, ownerUserId }: Pick<Client, 'metadata' | 'ownerUserId'>): { readonly organization?: string; readonly userId?: string } {
  if (metadata.organization !== undefined) return { organization: metadata.organization }
  return ownerUserId === undefined ? {} : { userId: ownerUserId }
}

export function isPublic(client: Client): boolean {
  return client.metadata.token_endpoint_auth_method === 'none'
}

/** Whether a client proves itself with a secret that it shares with us. */
export function hasSecret({ token_endpoint_auth_method }: Pick<ClientMetadata, 'token_endpoint_auth_method'>): boolean {
  return token_endpoint_auth_method.startsWith('client_secret_')
}

export function isEnabled(client: Client): boolean {
  return client.status !== 'disabled'
}

export function mayUseGrant(client: Client, grantType: string): boolean {
  return client.metadata.grant_types.includes(grantType)
}

export function hasSwitch(client: Client, name: Compatibility): boolean {
  return client.metadata.compatibility.includes(name)
}

/** The name people see; a client without one is known by its id. Where it is nobody's word but its own, its host stands beside it on every page. */
export function clientName(client: Client, language: string): string {
  const { client_name } = client.metadata
  const host = documentHost(client)
  if (client_name === undefined) return host ?? client.clientId
  const name = inLanguage(client_name, language)
  return host === undefined ? name : `${name} (${host})`
}

/** The host of a client that describes itself at an address of its own: the one thing about it that is proven. */
export function documentHost({ clientId }: Pick<Client, 'clientId'>): string | undefined {
  return clientId.includes('://') ? new URL(clientId).host : undefined
}

/** Where a client starts a sign-in at our word (OpenID Connect Core §4): its `initiate_login_uri`, told who we are. */
export function initiationAddress({ metadata }: Pick<Client, 'metadata'>, issuer: string): string | undefined {
  const { initiate_login_uri: uri } = metadata
  if (uri === undefined) return undefined
  const url = new URL(uri)
  url.searchParams.set('iss', issuer)
  return url.href
}

/** Where somebody is led whom only the client can help: where it starts a sign-in, else its home page. */
export function startAddress(client: Pick<Client, 'metadata'>, issuer: string): string | undefined {
  return initiationAddress(client, issuer) ?? client.metadata.client_uri
}
