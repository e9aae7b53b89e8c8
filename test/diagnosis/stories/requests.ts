import { expect } from 'vitest'
import { type Browser, newBrowser } from '../../support/browser.ts'
import { basic, get, newPkce, post, walk } from '../../support/relying-party.ts'
import type { Place } from './place.ts'
import { cameTo, open, type Refused, refusedBy, refusedWith, type Story, story, token } from './story.ts'

// What a request asks for, and the shape that it comes in.

const PUSHER = { client_id: 'pusher', redirect_uri: 'https://pusher.example.org/callback', scope: 'openid' }
const SIGNER = { client_id: 'signer', redirect_uri: 'https://signer.example.org/callback', scope: 'openid' }

/** Pushes a request, and says under which address it is opened. */
async function pushed({ server }: Place): Promise<string> {
  const { client_id, ...asked } = PUSHER
  const { body } = await post(server.issuer, '/oauth/par', { ...asked, response_type: 'code', code_challenge: newPkce().challenge, code_challenge_method: 'S256' }, { authorization: basic(client_id) })
  return `${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id, request_uri: String(body['request_uri']) })}`
}

/** A program that registers itself: what it wishes for, nobody has granted. */
async function newcomer({ server }: Place, scope: string): Promise<readonly [id: string, secret: string]> {
  const answer = await fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ grant_types: ['client_credentials'], scope }) })
  const { client_id: id, client_secret: secret } = (await answer.json()) as Record<string, unknown>
  return [String(id), String(secret)]
}

async function answeredTwice(place: Place): Promise<Refused> {
  const address = await pushed(place)
  const browsers = [newBrowser(place.server.issuer), newBrowser(place.server.issuer)] as const
  const begun = await Promise.all(browsers.map((browser: Browser) => browser.open(address)))
  const [first, second] = begun
  if (first === undefined || second === undefined) throw new Error('two browsers')
  await walk(browsers[0], first, 'ada')
  return cameTo(await walk(browsers[1], second, 'lin'))
}

export const requests: readonly Story[] = [
  story('scope.not_registered', 'a typing error', 303, (place) => open(place, { scope: 'openid profil' }), { hints: ['scope_typo'], pair: ['scope', 'profil', expect.stringContaining('profile')] }),
  story('scope.malformed', 'an odd character', 303, (place) => open(place, { scope: 'openid "x"' })),
  story('scope.unknown', 'of an API that nobody declares', 400, async (place) => {
    const [id, secret] = await newcomer(place, 'gk_nobodys')
    return token(place, { grant_type: 'client_credentials', scope: 'gk_nobodys' }, { authorization: basic(id, secret) })
  }, { operator: true, pair: ['scope.not_declared', 'gk_nobodys', undefined], hints: ['approver'] }),
  story('scope.not_approved', 'of an API that asks each organization about its people', 400, (place) => token(place, { grant_type: 'client_credentials', scope: 'gk_signed' }, { authorization: basic('rider') }), { pair: ['scope.not_without_person', 'gk_signed', undefined], hints: ['approver'] }),
  story('grant.not_allowed', 'not registered', 400, (place) => token(place, { grant_type: 'client_credentials' }), { pair: ['grant_type', 'client_credentials', 'authorization_code, refresh_token'] }),
  story('grant.unknown', 'of another world', 400, (place) => token(place, { grant_type: 'magic' }), { pair: ['grant_type', 'magic', 'authorization_code, refresh_token'] }),
  story('response_type.not_allowed', 'a token', 303, (place) => open(place, { response_type: 'token' }), { pair: ['response_type', 'token', 'code'] }),
  story('response_type.unknown', 'of another world', 303, (place) => open(place, { response_type: 'magic' }), { pair: ['response_type', 'magic', undefined] }),
  story('response_mode.not_allowed', 'of another world', 303, (place) => open(place, { response_mode: 'magic' }), { pair: ['response_mode', 'magic', expect.stringContaining('query')] }),
  story('request.duplicate_param', 'scope twice', 303, (place) => open(place, {}, newPkce(), '&scope=openid'), { pair: ['scope', '2', '1'], hints: ['parameter'] }),
  story('request.not_form', 'JSON', 415, async ({ server }) => refusedBy(await post(server.issuer, '/oauth/token', '{"grant_type":"x"}', { 'content-type': 'application/json', authorization: basic('planner') }))),
  story('request.get_on_token', 'GET', 405, async ({ server }) => refusedBy(await get(server.issuer, '/oauth/token?client_id=planner')), { pair: ['HTTP', 'GET', 'POST'] }),
  story('request.query', 'parameters in the address', 400, async ({ server }) => refusedBy(await post(server.issuer, '/oauth/token?grant_type=x', {}, { authorization: basic('planner') })), { hints: ['in_the_address'] }),
  story('request.too_large', 'a long state', 303, (place) => open(place, { state: 'x'.repeat(5000) }), { pair: ['state (characters)', '5000', '≤ 4096'] }),
  story('request.too_large', 'an address of ten thousand letters', 414, async ({ server }) => refusedBy(await post(server.issuer, `/oauth/token?${'a'.repeat(10_000)}`, {}, { authorization: basic('planner') })), { pair: ['address (bytes)', '10013', '≤ 8192'] }),
  story('request.parameter', 'no grant type', 400, (place) => token(place, {}), { hints: ['parameter'] }),
  story('request.unreadable', 'a broken percent sign in the path', 400, async ({ server }) => refusedWith(await fetch(`${server.issuer}/userinfo%zz`)), { operator: true, pair: ['path', '/userinfo%zz', undefined] }),
  story('request.unreadable', 'a NUL in the path', 400, async ({ server }) => refusedWith(await fetch(`${server.issuer}/oauth/registration/a%00b`)), { operator: true, pair: ['path', '/oauth/registration/a%00b', undefined] }),
  story('resource.unknown', 'of nobody', 303, (place) => open(place, { resource: 'https://nowhere.example' }), { pair: ['resource', 'https://nowhere.example', undefined] }),
  story('details.invalid', 'of a type that nobody declared', 303, (place) => open(place, { authorization_details: '[{"type":"payment"}]' }), { pair: ['authorization_details: type', 'payment', ''] }),
  story('grant_id.unknown', 'of nobody', 303, (place) => open(place, { grant_management_action: 'merge', grant_id: 'nothing' })),
  story('par.required', 'a request that was not pushed', 400, (place) => open(place, PUSHER)),
  story('par.expired', 'after 75 seconds', 400, async (place) => {
    const address = await pushed(place)
    await place.server.advance(75)
    return refusedWith(await fetch(address, { headers: { accept: 'application/json' } }))
  }, { pair: ['request_uri: age (s)', '75', '≤ 60'] }),
  story('par.used', 'answered in two browsers', 303, answeredTwice, { pair: ['request_uri: uses', '2', '1'] }),
  story('jar.required', 'a request without a signature', 400, (place) => open(place, SIGNER)),
  story('jar.invalid', 'not a JWT', 303, (place) => open(place, { request: 'nothing' }), { hints: ['jwt_fault'] }),
  story('jar.unreachable', 'at an address that is not registered', 303, (place) => open(place, { request_uri: 'https://elsewhere.example/request.jwt' }), { pair: ['request_uri', 'https://elsewhere.example/request.jwt', undefined] }),
  story('jar.not_supported', 'a registration in the request', 400, (place) => open(place, { registration: '{}' }), { hints: ['parameter'] }),
  story('discovery.path', 'a slash at the end', 404, async ({ server }) => refusedWith(await fetch(`${server.issuer}/.well-known/openid-configuration/`)), { operator: true, hints: ['trailing_slash'] }),
  story('path.unknown', 'a path of another product', 404, async ({ server }) => refusedWith(await fetch(`${server.issuer}/oauth2/v1/token`)), { operator: true, pair: ['path', '/oauth2/v1/token', undefined] }),
]
