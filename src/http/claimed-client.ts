import type { FastifyRequest } from 'fastify'
import type { Form } from '../protocol/form.ts'
import { readUnprovenClaims } from '../protocol/jwt.ts'

const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2})$/i

function ofBasic(authorization: string | undefined): string | undefined {
  const encoded = BASIC.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [name] = Buffer.from(encoded, 'base64').toString('utf8').split(':', 1)
  try {
    return decodeURIComponent((name ?? '').replaceAll('+', ' '))
  } catch {
    return name
  }
}

function ofAssertion(assertion: string | undefined): string | undefined {
  if (assertion === undefined) return undefined
  try {
    const { sub } = readUnprovenClaims(assertion)
    return typeof sub === 'string' ? sub : undefined
  } catch {
    return undefined
  }
}

/** Which client a request says it comes from, in whatever way, proven by nothing: to file its trace, and for nothing else. */
export function claimedClient(request: FastifyRequest, forms: readonly Form[]): string | undefined {
  const named = (name: string): string | undefined => forms.map(({ single }) => single.get(name)).find((value) => value !== undefined)
  const claimed = ofBasic(request.headers.authorization) ?? named('client_id') ?? ofAssertion(named('client_assertion'))
  return claimed === '' ? undefined : claimed
}
