import type { DemoExchange } from '../../http/demo-model.ts'
import { demoWeb } from '../demo-clients.ts'
import { basicPost, bearer, type Exchange, type HttpRequest, send } from '../exchange.ts'
import { endpointOf } from '../metadata.ts'
import { tokensOf } from './token.ts'
import type { Walk } from '../walk.ts'
import { shownOrPrepared } from '../wire-text.ts'
import type { Step } from './step.ts'

type Part = 'refresh' | 'introspection' | 'revocation' | 'userinfoAfter'

interface Errand {
  readonly part: Part
  readonly id: string
  readonly title: string
  readonly label: string
  readonly spent?: string
  readonly request: (walk: Walk) => HttpRequest
}

/** The tokens as they are after the refresh, if there was one. */
function current(walk: Walk) {
  return (walk.refresh && tokensOf(walk.refresh)) ?? walk.tokens
}

// In the order in which they are done.
const errands: readonly Errand[] = [
  {
    part: 'refresh',
    id: 'refresh',
    title: 'Refresh: a new access token without the person',
    label: 'Refresh',
    spent: 'A refresh token is good for one use. Sent again within 30 seconds it gets the same answer; later the whole family of tokens is revoked, because somebody else may have it.',
    request: (walk) => basicPost(endpointOf(walk, 'token_endpoint'), demoWeb, { grant_type: 'refresh_token', refresh_token: walk.tokens?.refresh ?? '' }),
  },
  {
    part: 'introspection',
    id: 'introspect',
    title: 'Introspect: what an API asks about a token it was given',
    label: 'Introspect',
    request: (walk) => basicPost(endpointOf(walk, 'introspection_endpoint'), demoWeb, { token: current(walk)?.access ?? '' }),
  },
  {
    part: 'revocation',
    id: 'revoke',
    title: 'Revoke: the refresh token, and everything that came from it',
    label: 'Revoke',
    request: (walk) => basicPost(endpointOf(walk, 'revocation_endpoint'), demoWeb, { token: current(walk)?.refresh ?? current(walk)?.access ?? '' }),
  },
  {
    part: 'userinfoAfter',
    id: 'userinfo-again',
    title: 'Userinfo again: the access token is dead',
    label: 'Ask about the person again',
    request: (walk) => bearer(endpointOf(walk, 'userinfo_endpoint'), current(walk)?.access ?? ''),
  },
]

function nextErrand(walk: Walk): Errand | undefined {
  return walk.userinfo === undefined ? undefined : errands.find(({ part }) => walk[part] === undefined)
}

function show(walk: Walk, { part, id, title, spent, request }: Errand): DemoExchange {
  const exchange: Exchange | undefined = walk[part]
  return shownOrPrepared({ id: `${id}-request`, title, ...(spent !== undefined && { spent }) }, exchange, request(walk))
}

export const tokenLifeStep: Step = {
  id: 'token-life',
  title: 'Refresh, introspect, revoke',
  what: 'Tokens are renewed, looked at, and ended.',
  why: [
    'Access tokens are short-lived. With the refresh token the application gets new ones while the sign-in lasts, and each time a new refresh token, too.',
    'An API that gets an opaque token asks the server what it stands for. When the application is done, it revokes what it has: from that moment no API takes it any more.',
  ],
  isDone: (walk) => walk.userinfoAfter !== undefined,
  details: (walk) => {
    const next = nextErrand(walk)
    return {
      exchanges: errands.filter((errand) => errand === next || walk[errand.part] !== undefined).map((errand) => show(walk, errand)),
      actions: next === undefined ? [] : [{ id: next.id, label: next.label }],
    }
  },
  actions: errands.map((errand) => ({
    name: errand.id,
    may: (walk: Walk) => nextErrand(walk) === errand,
    run: async (walk: Walk) => ({ walk: { ...walk, [errand.part]: await send(errand.request(walk)), last: 'token-life' }, goTo: `/demo#${errand.id}-request` }),
  })),
}
