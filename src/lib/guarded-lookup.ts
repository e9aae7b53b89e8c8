import type { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isLoopbackAddress } from './address-class.ts'

// Owns how a name is looked up whose address must not be just any: the connection goes to the very answer that was judged.

/** The code of the error of a look-up whose answer is not allowed. */
export const REFUSED = 'EGUARD'

/** Looks names up, and fails when any of the answers is not allowed. It runs inside the connection attempt: what it answers is what is connected to. */
export function guardedLookup(resolve: typeof lookup, isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { all: true, family: options.family, verbatim: true }, (error, addresses) => {
      const refused = error ?? (addresses.length === 0 || addresses.some(({ address }) => !isAllowed(address)) ? Object.assign(new Error('refused'), { code: REFUSED }) : undefined)
      const first = addresses?.[0]
      if (refused !== undefined || first === undefined) callback(refused ?? new Error('refused'), '', 0)
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

/** Whether a host is this very machine, by name or address. */
export function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host)
}
