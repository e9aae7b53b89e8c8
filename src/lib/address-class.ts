import ipaddr from 'ipaddr.js'

// Owns which addresses are the public Internet's. Everything else is somebody's inside: this machine, its network, a metadata service.

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')
/** Public by its number, and the way to the agent of a cloud's own machines. */
const INSIDE_ANYWAY: ReadonlySet<string> = new Set(['168.63.129.16'])

/** Whether an address belongs to the public Internet: no private, link-local, shared, mapped, translated, tunnelled, reserved or multicast one. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || address.includes('%')) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast' || INSIDE_ANYWAY.has(parsed.toString())) return false
  return !(parsed instanceof ipaddr.IPv6) || parsed.match(GLOBAL_UNICAST)
}

/** Whether an address is this very machine, written as such: a mapped one is not. */
export function isLoopbackAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === 'loopback'
}
