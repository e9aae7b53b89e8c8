import { expect } from 'vitest'
import { signed } from '../../support/strong-client.ts'
import { type Place, VOUCHER } from './place.ts'
import { type Refused, refusedWith, type Story, story } from './story.ts'

// Applications that register themselves: they have no owner yet, so operators read what went wrong.

const OPERATOR = { operator: true } as const

async function register({ server }: Place, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Refused> {
  return refusedWith(await fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }))
}

async function tooOften(place: Place): Promise<Refused> {
  await Promise.all(Array.from({ length: 50 }, () => register(place, {})))
  // Fifty of nobody at once are as many as are kept.
  await place.server.ctx.diagnosis.flush()
  return register(place, {})
}

export const registration: readonly Story[] = [
  story('registration.metadata', 'an address without https', 400, (place) => register(place, { redirect_uris: ['http://app.example.org/callback'] }), OPERATOR),
  story('registration.statement', 'for another server', 400, async (place) => register(place, { software_statement: await signed({ iss: VOUCHER, aud: 'https://elsewhere.example' }, { kid: place.key.jwk.kid }, place.key.keys.privateKey) }), OPERATOR),
  story('registration.closed', 'to a token that nobody gave out', 401, (place) => register(place, {}, { authorization: 'Bearer made-up' }), { ...OPERATOR, nothingCompared: true }),
  story('limit.rate', 'more than fifty in an hour', 429, tooOften, { ...OPERATOR, pair: ['requests in 3600 s', expect.any(String), '≤ 50'] }),
]
