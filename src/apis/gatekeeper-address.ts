import type { Config } from '../config.ts'
import { canParseUrl } from '../lib/can-parse-url.ts'

// Owns where an API is found at the gatekeeper: below our own address, or under a name of its own where there is a domain for those. Both are
// names of the API as a resource, too (RFC 8707, RFC 9728).

const PATH = '/gk/'
const ID = /^[a-z][a-z0-9-]{2,14}$/

type Where = Pick<Config, 'issuer' | 'gatekeeperDomain'>

function byHost({ issuer, gatekeeperDomain: domain }: Where, apiId: string): string | undefined {
  return domain === undefined ? undefined : `${new URL(issuer).protocol}//${apiId}.${domain}`
}

/** Every address of an API at the gatekeeper, the one to tell people first. Without a slash at the end. */
export function gatekeeperAddresses(where: Where, apiId: string): readonly string[] {
  const own = byHost(where, apiId)
  return [...(own === undefined ? [] : [own]), `${where.issuer}${PATH}${apiId}`]
}

/** The API that such an address names. */
export function apiIdOfAddress(where: Where, address: string): string | undefined {
  const apiId = address.startsWith(`${where.issuer}${PATH}`) ? address.slice(where.issuer.length + PATH.length) : canParseUrl(address) ? new URL(address).hostname.split('.', 1)[0] : undefined
  return apiId !== undefined && ID.test(apiId) && gatekeeperAddresses(where, apiId).includes(address) ? apiId : undefined
}

/** Every name of an API as a resource, the one that its tokens are made out to first. */
export function audiencesOf(where: Where, { api_id, audience }: { readonly api_id: string; readonly audience?: string | undefined }): readonly [string, ...string[]] {
  const [first = '', ...others] = [...(audience === undefined ? [] : [audience]), ...gatekeeperAddresses(where, api_id)]
  return [first, ...others]
}
