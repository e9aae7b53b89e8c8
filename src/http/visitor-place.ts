import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { isFromProxy } from './trusted-proxy.ts'

const LONGEST = 60

/** Header values come as bytes; proxies write names of places in UTF-8, some of them percent-encoded. */
function decoded(value: string): string {
  const text = Buffer.from(value, 'latin1').toString('utf8')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** From where a proxy of ours says that a request comes, in its words (`Oslo`); what a visitor says of themselves in the same header is not heard. */
export function visitorPlace(ctx: Context, request: FastifyRequest): string | undefined {
  const { placeHeader } = ctx.config
  const value = placeHeader === undefined || !isFromProxy(ctx, request) ? undefined : request.headers[placeHeader]
  if (typeof value !== 'string') return undefined
  const place = decoded(value).replaceAll(/[\p{C}\s\uFFFD]+/gu, ' ').trim()
  return place === '' ? undefined : Array.from(place).slice(0, LONGEST).join('')
}
