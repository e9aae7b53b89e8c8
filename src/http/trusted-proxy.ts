import { BlockList, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { type Context, perContext } from '../context.ts'
import { everyHeader } from './every-header.ts'

// Owns who is a proxy of ours (PORTNER_TRUST_PROXY). What such a one may say belongs to whoever reads it.

const trusted = perContext(({ config }: Context) => {
  const list = new BlockList()
  for (const range of config.trustProxy) {
    const [address = '', prefix] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
})

/** Whether the other end of the connection is a proxy of ours: its address, and nothing that it or anybody says. */
export function isFromProxy(ctx: Context, { raw }: Pick<FastifyRequest, 'raw'>): boolean {
  const address = raw.socket.remoteAddress ?? ''
  return address !== '' && trusted(ctx).check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** What a proxy of ours says in a header. Not what a visitor says of themselves there, also beside it: of two nobody knows which is the proxy's. */
export function toldByProxy(ctx: Context, request: FastifyRequest, header: string | undefined): string | undefined {
  const values = header === undefined || !isFromProxy(ctx, request) ? [] : everyHeader(request, header)
  return values.length === 1 ? values[0] : undefined
}
