import { expect } from 'vitest'
import { certificateHeader, newCertificate } from '../../support/client-certificates.ts'
import { basic, type Parameters } from '../../support/relying-party.ts'
import { ASSERTION_TYPE, signed } from '../../support/strong-client.ts'
import { SECRET } from '../../support/world.ts'
import { ask } from '../stage.ts'
import { type Place, SPECIAL } from './place.ts'
import { open, seconds, type Story, story, token } from './story.ts'

// Who the client is, and how it proves that.

const CREDENTIALS = { grant_type: 'client_credentials' }
const raw = (text: string): Readonly<Record<string, string>> => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
const withSecret = (clientId: string, secret?: string): Story['send'] => (place) => token(place, CREDENTIALS, { authorization: basic(clientId, secret) })

async function assertion(place: Place, aud: string, lifetime = 60): Promise<Parameters> {
  const jwt = await signed({ iss: 'asserter', sub: 'asserter', jti: crypto.randomUUID(), aud, exp: seconds(place) + lifetime }, { alg: 'HS256' }, new TextEncoder().encode(SECRET))
  return { ...CREDENTIALS, client_assertion_type: ASSERTION_TYPE, client_assertion: jwt }
}

export const clients: readonly Story[] = [
  story('client.missing', 'no client_id', 400, (place) => open(place, { client_id: undefined }), { operator: true, pair: ['client_id', undefined, undefined] }),
  story('client.unknown', 'a typing error', 400, (place) => open(place, { client_id: 'planer' }), { operator: true, hints: ['nearest_client'], pair: ['client_id', 'planer', undefined] }),
  story('client.disabled', 'at the authorization endpoint', 400, (place) => open(place, { client_id: 'sleeper' }), { pair: ['status', 'disabled', 'development, production'] }),
  story('client.disabled', 'at the token endpoint', 401, withSecret('sleeper')),
  story('client_auth.method', 'in the body for Basic', 401, (place) => token(place, { ...CREDENTIALS, client_id: 'planner', client_secret: SECRET }, {}), { pair: ['token_endpoint_auth_method', 'client_secret_post', 'client_secret_basic'] }),
  story('client_auth.several', 'both at once', 400, (place) => token(place, { ...CREDENTIALS, client_id: 'planner', client_secret: SECRET })),
  story('client_auth.missing', 'none', 401, (place) => token(place, CREDENTIALS, {}), { operator: true }),
  story('client_auth.malformed', 'a header without a colon', 401, (place) => token(place, { ...CREDENTIALS, client_id: 'planner' }, raw('planner')), { pair: ['Authorization', undefined, 'Basic base64(id:secret)'] }),
  story('client_auth.secret', 'with a line end', 401, withSecret('planner', `${SECRET}\n`), { hints: ['secret_whitespace'] }),
  story('client_auth.secret', 'in quotation marks', 401, withSecret('planner', `"${SECRET}"`), { hints: ['secret_quotes'] }),
  story('client_auth.secret', 'not form-encoded', 401, (place) => token(place, CREDENTIALS, raw(`signs:${SPECIAL}`)), { hints: ['secret_not_encoded'] }),
  story('client_auth.secret', 'encoded twice', 401, withSecret('signs', encodeURIComponent(SPECIAL)), { hints: ['secret_encoded_twice'] }),
  story('client_auth.secret', 'another client of mine', 401, withSecret('planner', SPECIAL), { hints: ['secret_length', 'secret_other_client'] }),
  story('client_auth.assertion', 'for another audience', 401, async (place) => token(place, await assertion(place, 'https://elsewhere.example'), {}), { hints: ['jwt_fault'] }),
  story('client_auth.assertion', 'too old', 401, async (place) => token(place, await assertion(place, place.server.issuer, -100), {}), { hints: ['jwt_fault'], pair: ['exp (seconds from now)', expect.stringMatching(/^-10[0-9]$/), '> 0, ≤ 300'] }),
  story('client_auth.assertion', 'used twice', 401, async (place) => {
    const proof = await assertion(place, place.server.issuer)
    await ask(place.server, proof, {})
    return token(place, proof, {})
  }, { hints: ['seen_before'] }),
  story('client_auth.certificate', 'of somebody else', 401, (place) => token(place, { ...CREDENTIALS, client_id: 'holder' }, certificateHeader(newCertificate({ subject: [['CN', 'somebody']] }))), { pair: ['certificate', 'CN=somebody', 'CN=holder'] }),
  story('client_auth.profile', 'a secret where the profile wants a key', 401, withSecret('outgrown'), { pair: ['profile', 'fapi2', undefined] }),
]
