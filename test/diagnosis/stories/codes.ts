import { createHash } from 'node:crypto'
import { newBrowser } from '../../support/browser.ts'
import { basic, type CodeGrant, obtainCode, type Parameters, post, redeem, refresh } from '../../support/relying-party.ts'
import { newKey, proofOf } from '../../support/strong-client.ts'
import { CALLBACK } from '../../support/world.ts'
import type { Place } from './place.ts'
import { open, type Refused, refusedBy, seconds, signedIn, type Story, story, token } from './story.ts'

// Codes, their verifiers, and refresh tokens.

type Key = Awaited<ReturnType<typeof newKey>>['keys']

const code = ({ server }: Place, changes: Parameters = {}): Promise<CodeGrant> => obtainCode(server.issuer, newBrowser(server.issuer), changes)

/** A code of `planner`, redeemed with changes. */
async function redeemed(place: Place, changes: Parameters, asked: Parameters = {}): Promise<Refused> {
  return refusedBy(await redeem(place.server.issuer, await code(place, asked), changes))
}

async function proof(place: Place, keys: Key, more: Readonly<Record<string, unknown>> = {}): Promise<Readonly<Record<string, string>>> {
  return { dpop: await proofOf(keys, 'POST', `${place.server.issuer}/oauth/token`, { iat: seconds(place), ...more }) }
}

const BOUND = { client_id: 'bound', redirect_uri: 'https://bound.example.org/callback' }

/** Ada's sign-in at a client whose tokens are bound, with the key that they are bound to. */
async function boundRefreshToken(place: Place): Promise<unknown> {
  const grant = await code(place, { ...BOUND, scope: 'openid profile offline_access' })
  return (await redeem(place.server.issuer, grant, BOUND, await proof(place, (await newKey()).keys))).body['refresh_token']
}

const hashOf = (encoding: 'hex' | 'base64'): string => createHash('sha256').update('x').digest(encoding)

export const codes: readonly Story[] = [
  story('code.unknown', 'of nobody', 400, (place) => token(place, { grant_type: 'authorization_code', code: 'nothing', redirect_uri: CALLBACK }), { nothingCompared: true }),
  story('code.expired', 'after 75 seconds', 400, async (place) => {
    const grant = await code(place)
    await place.server.advance(75)
    return refusedBy(await redeem(place.server.issuer, grant))
  }, { pair: ['code: age (s)', '75', '≤ 60'] }),
  story('code.reused', 'twice', 400, async (place) => {
    const grant = await code(place)
    await redeem(place.server.issuer, grant)
    return refusedBy(await redeem(place.server.issuer, grant))
  }, { hints: ['first_used', 'all_revoked'] }),
  story('code.other_client', 'by another client', 400, async (place) => refusedBy(await redeem(place.server.issuer, await code(place), { client_id: 'spa', redirect_uri: CALLBACK }, {})), { operator: true }),
  story('code.redirect_uri', 'with another address', 400, (place) => redeemed(place, { redirect_uri: 'http://127.0.0.1/callback' }), { pair: ['redirect_uri', 'http://127.0.0.1/callback', CALLBACK] }),
  story('code.binding', 'with another key than it was asked for with', 400, async (place) => {
    const grant = await code(place, { ...BOUND, scope: 'openid', dpop_jkt: 'x'.repeat(43) })
    return refusedBy(await redeem(place.server.issuer, grant, BOUND, await proof(place, (await newKey()).keys)))
  }),
  story('code.ended', 'after the person was locked', 400, async (place) => {
    const grant = await code(place)
    const lock = (status: 'locked' | 'active'): Promise<unknown> => place.server.ctx.db.updateTable('users').set({ status }).where('username', '=', 'ada').execute()
    await lock('locked')
    const answer = await redeem(place.server.issuer, grant)
    await lock('active')
    return refusedBy(answer)
  }, { hints: ['person_gone'] }),
  story('pkce.missing', 'no challenge', 303, (place) => open(place, { code_challenge: undefined, code_challenge_method: undefined }), { pair: ['code_challenge_method', undefined, 'S256'] }),
  story('pkce.missing', 'no verifier', 400, (place) => redeemed(place, { code_verifier: undefined }), { hints: ['verifier_absent'] }),
  story('pkce.method', 'plain', 303, (place) => open(place, { code_challenge_method: 'plain' }), { hints: ['plain_method'] }),
  story('pkce.malformed', 'in hex', 303, (place) => open(place, { code_challenge: hashOf('hex') }), { hints: ['challenge_hex'] }),
  story('pkce.malformed', 'padded', 303, (place) => open(place, { code_challenge: hashOf('base64') }), { hints: ['challenge_padded'] }),
  story('pkce.mismatch', 'the challenge itself', 400, async (place) => {
    const grant = await code(place)
    return refusedBy(await redeem(place.server.issuer, grant, { code_verifier: grant.pkce.challenge }))
  }, { hints: ['verifier_is_challenge', 'challenge_is_verifier'] }),
  story('pkce.mismatch', 'too short', 400, (place) => redeemed(place, { code_verifier: 'short' }), { hints: ['verifier_length'] }),
  story('refresh.reused', 'an old one', 400, async (place) => {
    const { body } = await signedIn(place)
    await refresh(place.server.issuer, body['refresh_token'])
    await place.server.advance(40)
    return refusedBy(await refresh(place.server.issuer, body['refresh_token']))
  }, { hints: ['first_used', 'all_revoked', 'two_workers'], pair: ['refresh_token: replaced before (s)', '40', '≤ 30'] }),
  story('refresh.unknown', 'of nobody', 400, (place) => token(place, { grant_type: 'refresh_token', refresh_token: 'nothing' }), { nothingCompared: true }),
  story('refresh.ended', 'after its client gave it up', 400, async (place) => {
    const { body } = await signedIn(place)
    await post(place.server.issuer, '/oauth/revocation', { token: String(body['refresh_token']) }, { authorization: basic('planner') })
    return refusedBy(await refresh(place.server.issuer, body['refresh_token']))
  }),
  story('refresh.binding', 'with another key', 400, async (place) => refusedBy(await refresh(place.server.issuer, await boundRefreshToken(place), { client_id: 'bound' }, await proof(place, (await newKey()).keys)))),
  story('scope.wider', 'than what was granted', 400, async (place) => refusedBy(await refresh(place.server.issuer, (await signedIn(place)).body['refresh_token'], { scope: 'openid email' })), { pair: ['scope', 'openid email', 'openid profile offline_access'] }),
  story('resource.wider', 'than what the code is for', 400, (place) => redeemed(place, { resource: 'https://grades.example.org' }, { scope: 'openid gk_calendar', resource: 'https://calendar.example.org' }), { pair: ['resource', 'https://grades.example.org', 'https://calendar.example.org'] }),
  story('dpop.proof', 'not a proof', 400, async (place) => token(place, { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'bound' }, { dpop: 'nothing' }), { hints: ['jwt_fault'] }),
  story('dpop.nonce', 'a nonce of its own making', 400, async (place) => token(place, { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'bound' }, await proof(place, (await newKey()).keys, { nonce: 'mine' }))),
  story('sender_constraint.missing', 'no proof at all', 400, (place) => token(place, { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'bound' }, {}), { pair: ['DPoP / certificate', undefined, 'dpop'] }),
]
