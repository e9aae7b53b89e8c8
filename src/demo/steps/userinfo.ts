import { bearer, isGood, send, textOf } from '../exchange.ts'
import { decodeIdToken } from '../id-token.ts'
import { endpointOf } from '../metadata.ts'
import type { Walk } from '../walk.ts'
import { shownOrPrepared } from '../wire-text.ts'
import type { Step } from './step.ts'

function request(walk: Walk) {
  return bearer(endpointOf(walk, 'userinfo_endpoint'), walk.tokens?.access ?? '')
}

export const userinfoStep: Step = {
  id: 'userinfo',
  title: 'Userinfo',
  what: 'The application asks about the person with the access token.',
  why: [
    'Which claims come depends on the scopes that the person allowed: `profile` the name, `email` the address, `groups` the groups.',
    'The access token is opaque: a random text that only the server can read. Whoever bears it may use it, so it belongs in a header and never in an address.',
  ],
  isDone: (walk) => walk.userinfo !== undefined,
  details: (walk) => {
    if (walk.keys === undefined || walk.tokens?.idToken === undefined) return {}
    const expected = String(decodeIdToken(walk.tokens.idToken).claims['sub'])
    const sub = walk.userinfo && isGood(walk.userinfo.answer) ? textOf(walk.userinfo.answer, 'sub') : undefined
    return {
      exchanges: [shownOrPrepared({ id: 'userinfo-request', title: 'Userinfo' }, walk.userinfo, request(walk))],
      checks: sub === undefined ? [] : [{ name: 'sub', value: sub, good: sub === expected, about: 'The same person as in the ID token; otherwise the answer must not be used.' }],
      actions: walk.userinfo === undefined ? [{ id: 'ask-userinfo', label: 'Ask about the person' }] : [],
    }
  },
  actions: [{ name: 'ask-userinfo', may: (walk) => walk.keys !== undefined && walk.tokens !== undefined && walk.userinfo === undefined, run: async (walk) => ({ walk: { ...walk, userinfo: await send(request(walk)), last: 'userinfo' } }) }],
}
