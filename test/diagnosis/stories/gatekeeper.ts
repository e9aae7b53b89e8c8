import { basic, post } from '../../support/relying-party.ts'
import type { Place } from './place.ts'
import { type Refused, refusedWith, type Story, story } from './story.ts'

// Calls of APIs through the gatekeeper.

async function call({ server }: Place, path: string): Promise<Refused> {
  const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('rider') })
  return refusedWith(await fetch(`${server.issuer}/gk/${path}`, { headers: { authorization: `Bearer ${body['access_token']}` } }))
}

export const gatekeeper: readonly Story[] = [
  story('gatekeeper.unreachable', 'an API that is down', 502, (place) => call(place, 'gone/x'), { pair: ['api', 'gone', undefined] }),
  story('gatekeeper.timeout', 'an API that takes too long', 504, (place) => call(place, 'slow/silent'), { pair: ['answer begins (s)', undefined, '≤ 1'] }),
  story('gatekeeper.refused', 'an address that can be read in two ways', 400, (place) => call(place, 'slow/a%2fb'), { operator: true, pair: ['path', 'encoding', undefined] }),
]
