import { epochSeconds } from '../../lib/clock.ts'
import { demoWeb } from '../demo-clients.ts'
import { get, send } from '../exchange.ts'
import { checkIdToken, decodeIdToken } from '../id-token.ts'
import { endpointOf, issuerOf } from '../metadata.ts'
import { prettyJson, shownOrPrepared } from '../wire-text.ts'
import type { Step } from './step.ts'

export const idTokenStep: Step = {
  id: 'id-token',
  title: 'ID token',
  what: 'The application verifies who signed in, line by line.',
  why: [
    'The ID token is a signed statement of the server: who signed in, when, and for which application. It is checked with the public keys of the server, which the application gets from `jwks_uri` and may keep for a while.',
    'A library does all of this. Do not skip a line when you do it yourself.',
  ],
  isDone: (walk) => walk.keys !== undefined,
  details: async (walk, ctx) => {
    const idToken = walk.tokens?.idToken
    if (idToken === undefined) return {}
    const { header, claims } = decodeIdToken(idToken)
    const expected = { issuer: issuerOf(walk), clientId: demoWeb.clientId, nonce: walk.secrets.nonce, now: epochSeconds(ctx.clock) }
    return {
      facts: [
        { name: 'header', value: prettyJson(header) },
        { name: 'claims', value: prettyJson(claims) },
      ],
      exchanges: [shownOrPrepared({ id: 'keys-request', title: 'The keys' }, walk.keys, get(endpointOf(walk, 'jwks_uri')))],
      checks: walk.keys === undefined ? [] : await checkIdToken(idToken, walk.keys.answer, expected),
      actions: walk.keys === undefined ? [{ id: 'verify', label: 'Get the keys and verify' }] : [],
    }
  },
  actions: [{ name: 'verify', may: (walk) => walk.tokens?.idToken !== undefined && walk.keys === undefined, run: async (walk) => ({ walk: { ...walk, keys: await send(get(endpointOf(walk, 'jwks_uri'))), last: 'id-token' } }) }],
}
