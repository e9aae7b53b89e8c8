import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { toldByProxy } from './trusted-proxy.ts'

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

/** From where a proxy of ours says that a request comes, in its words (`Oslo`). */
export function visitorPlace(ctx: Context, request: FastifyRequest): string | undefined {
  const place = decoded(toldByProxy(ctx, request, ctx.config.placeHeader) ?? '').replaceAll(/[\p{C}\s\uFFFD]+/gu, ' ').trim()
  return place === '' ? undefined : Array.from(place).slice(0, LONGEST).join('')
}
