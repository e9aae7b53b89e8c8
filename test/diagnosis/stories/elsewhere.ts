import { newBrowser } from '../../support/browser.ts'
import { basic, type JsonAnswer, post, walk } from '../../support/relying-party.ts'
import { signed } from '../../support/strong-client.ts'
import { ask } from '../stage.ts'
import { CIBA, DEVICE, EXCHANGE, JWT_BEARER, type Place, VOUCHER } from './place.ts'
import { type Refused, refusedBy, seconds, type Story, story, token } from './story.ts'

// Grants without a browser in front of the client: the person decides elsewhere, has decided before, or is nobody.

interface Waiting {
  readonly userCode: string
  readonly poll: () => Promise<JsonAnswer>
}

async function asksForDevice({ server }: Place): Promise<Waiting> {
  const { body } = await post(server.issuer, '/oauth/device_authorization', { client_id: 'tv', scope: 'openid' })
  return { userCode: String(body['user_code']), poll: () => ask(server, { grant_type: DEVICE, device_code: String(body['device_code']), client_id: 'tv' }, {}) }
}

async function decided({ server }: Place, { userCode }: Waiting, decision: 'allow' | 'deny'): Promise<void> {
  const browser = newBrowser(server.issuer)
  const question = await walk(browser, await browser.submit(await browser.open(`${server.issuer}/device`), 'user_code', { user_code: userCode }))
  await browser.submit(question, 'decision', { decision })
}

function asserted(place: Place, changes: Readonly<Record<string, unknown>>): Promise<string> {
  const { key, server } = place
  return signed({ iss: VOUCHER, sub: 'worker', aud: server.issuer, jti: crypto.randomUUID(), iat: seconds(place), exp: seconds(place) + 60, ...changes }, { alg: key.jwk.alg, kid: key.jwk.kid }, key.keys.privateKey)
}

const backchannel = async ({ server }: Place, hint: string): Promise<Refused> => refusedBy(await post(server.issuer, '/oauth/backchannel_authentication', { scope: 'openid', login_hint: hint }, { authorization: basic('bank') }))

export const elsewhere: readonly Story[] = [
  story('device.pending', 'before the person has decided', 400, async (place) => refusedBy(await (await asksForDevice(place)).poll())),
  story('device.too_fast', 'two polls at once', 400, async (place) => {
    const { poll } = await asksForDevice(place)
    await poll()
    return refusedBy(await poll())
  }, { pair: ['interval (s)', undefined, '≥ 5'] }),
  story('device.expired', 'when nobody came in time', 400, async (place) => {
    const { poll } = await asksForDevice(place)
    await place.server.advance(601)
    return refusedBy(await poll())
  }),
  story('device.denied', 'by the person', 400, async (place) => {
    const waiting = await asksForDevice(place)
    await decided(place, waiting, 'deny')
    return refusedBy(await waiting.poll())
  }, { nothingCompared: true }),
  story('device.used', 'twice', 400, async (place) => {
    const waiting = await asksForDevice(place)
    await decided(place, waiting, 'allow')
    await waiting.poll()
    return refusedBy(await waiting.poll())
  }, { nothingCompared: true }),
  story('device.unknown', 'of nobody', 400, (place) => token(place, { grant_type: DEVICE, device_code: 'made-up', client_id: 'tv' }, {}), { nothingCompared: true }),
  story('device.unknown', 'of nobody, by a bank', 400, (place) => token(place, { grant_type: CIBA, auth_req_id: 'made-up' }, { authorization: basic('bank') }), { nothingCompared: true }),
  story('ciba.person', 'whom nobody knows', 400, (place) => backchannel(place, 'nobody@ntu.example')),
  story('assertion.invalid', 'for another server', 400, async (place) => token(place, { grant_type: JWT_BEARER, assertion: await asserted(place, { aud: 'https://elsewhere.example' }) }, { authorization: basic('worker') }), { hints: ['jwt_fault'] }),
  story('exchange.token', 'a subject token of nobody', 400, (place) => token(place, { grant_type: EXCHANGE, subject_token: 'nothing', subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' }, { authorization: basic('worker') }), { hints: ['jwt_fault'] }),
  story('password.refused', 'a wrong one', 400, (place) => token(place, { grant_type: 'password', username: 'ada', password: 'guessed' }, { authorization: basic('old') }), { nothingCompared: true }),
]
