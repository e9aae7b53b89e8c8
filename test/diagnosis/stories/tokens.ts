import { expect } from 'vitest'
import { newBrowser } from '../../support/browser.ts'
import { basic, get, type JsonAnswer, obtainCode, post, redeem } from '../../support/relying-party.ts'
import { SECRET } from '../../support/world.ts'
import type { Place } from './place.ts'
import { type Refused, refusedBy, signedIn, type Story, story } from './story.ts'

// Access tokens, as resources see them.

const userinfo = async ({ server }: Place, authorization?: string): Promise<Refused> => refusedBy(await get(server.issuer, '/userinfo', authorization === undefined ? {} : { authorization }))
const bearer = ({ body }: JsonAnswer): string => `Bearer ${body['access_token']}`
const revoke = ({ server }: Place, token: unknown): Promise<JsonAnswer> => post(server.issuer, '/oauth/revocation', { token: String(token) }, { authorization: basic('planner') })

const CHOOSY = `kind: client
client_id: choosy
client_secret: { value: ${SECRET} }
client_name: Choosy
organization: ntu
redirect_uris: [https://choosy.example.org/callback]
grant_types: [authorization_code]
scope: openid
consent: implied
`

export const tokens: readonly Story[] = [
  story('token.missing', 'none', 401, (place) => userinfo(place), { operator: true }),
  story('token.malformed', 'two words', 400, (place) => userinfo(place, 'Bearer two words'), { operator: true, pair: ['Authorization', undefined, 'Bearer …'] }),
  story('token.unknown', 'of nobody', 401, (place) => userinfo(place, 'Bearer nothing'), { operator: true, nothingCompared: true }),
  story('token.expired', 'after its hour', 401, async (place) => {
    const answer = await signedIn(place)
    await place.server.advance(3700)
    return userinfo(place, bearer(answer))
  }, { pair: ['exp (seconds from now)', '-100', '> 0'] }),
  story('token.revoked', 'by its client', 401, async (place) => {
    const answer = await signedIn(place)
    await revoke(place, answer.body['access_token'])
    return userinfo(place, bearer(answer))
  }, { hints: ['revoked_at'] }),
  story('token.revoked', 'with its grant', 401, async (place) => {
    const answer = await signedIn(place)
    await revoke(place, answer.body['refresh_token'])
    return userinfo(place, bearer(answer))
  }, { hints: ['revoked_by_grant'] }),
  story('token.binding', 'a plain token with the name of a bound one', 401, async (place) => userinfo(place, bearer(await signedIn(place)).replace('Bearer', 'DPoP')), { pair: ['token_type', 'DPoP', 'Bearer'] }),
  story('token.audience', 'at userinfo', 401, async (place) => userinfo(place, bearer(await signedIn(place, 'openid gk_calendar', { resource: 'https://calendar.example.org' }))), { pair: ['aud', 'https://calendar.example.org', expect.stringContaining('/userinfo')] }),
  story('token.scope', 'of a program at userinfo', 403, async (place) => {
    const answer = await post(place.server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'gk_calendar' }, { authorization: basic('rider') })
    return userinfo(place, bearer(answer))
  }, { pair: ['scope', 'gk_calendar', 'openid'], hints: ['token_no_person'] }),
  story('token.scope', 'of the management API', 403, async (place) => {
    const { server } = place
    const answer = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'gk_calendar', resource: server.issuer }, { authorization: basic('rider') })
    return refusedBy(await get(server.issuer, '/api/clients', { authorization: bearer(answer) }))
  }),
  story('token.step_up', 'of one factor, since the client wants two', 401, async (place) => {
    const { server } = place
    await server.apply(CHOOSY)
    const { body } = await signedInAtChoosy(place)
    await server.apply(`${CHOOSY}require_second_factor: true\n`)
    const asked = (): Promise<JsonAnswer> => get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })
    // What is known of clients is as fresh as a second.
    await expect.poll(async () => (await asked()).status, { timeout: 5000 }).toBe(401)
    return refusedBy(await asked())
  }, { pair: ['acr', 'urn:portner:acr:password', 'urn:portner:acr:two-factors'] }),
]

async function signedInAtChoosy({ server }: Place): Promise<JsonAnswer> {
  const at = { client_id: 'choosy', redirect_uri: 'https://choosy.example.org/callback' }
  const grant = await obtainCode(server.issuer, newBrowser(server.issuer), { ...at, scope: 'openid' })
  return redeem(server.issuer, grant, { redirect_uri: at.redirect_uri }, { authorization: basic('choosy') })
}
