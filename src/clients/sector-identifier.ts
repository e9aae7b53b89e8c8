import { canParseUrl } from '../lib/can-parse-url.ts'

// Owns what a registration says of its sector (OpenID Connect Core §8): with subject_type pairwise the clients of one sector, which is a host,
// know a person by one name. Several hosts are one sector only where an address says so that lists them all: whoever registers a client must
// not choose to be one with somebody else's.

export const subjectTypes = ['public', 'pairwise'] as const

export interface Sectored {
  readonly subject_type?: (typeof subjectTypes)[number] | undefined
  readonly sector_identifier_uri?: string | undefined
  readonly redirect_uris: readonly string[]
  readonly jwks_uri?: string | undefined
}

/** The hosts that say what the sector of a client is. More than one, or none, is no sector. */
export function sectorHosts({ sector_identifier_uri: uri, redirect_uris: redirects, jwks_uri: keys }: Sectored): readonly string[] {
  // Who has no redirect URI is known by where its keys are (CIBA Core §4).
  const said = uri !== undefined ? [uri] : redirects.length > 0 || keys === undefined ? redirects : [keys]
  return [...new Set(said.filter((address) => canParseUrl(address)).map((address) => new URL(address).hostname.toLowerCase()))]
}

/** Why a client cannot have pairwise subjects; nothing when it can, or wants none. */
export function sectorFault(client: Sectored): string | undefined {
  if (client.subject_type !== 'pairwise' || client.sector_identifier_uri !== undefined) return undefined
  const [host, another] = sectorHosts(client)
  if (another !== undefined) return 'is needed with subject_type pairwise: the redirect URIs have several hosts, and it says that they are one sector (OpenID Connect Core 8.1)'
  if (host === undefined || host === '') return 'is needed with subject_type pairwise: there is no redirect URI with a host, which the sector could be taken from (OpenID Connect Core 8.1)'
  return undefined
}
