import type { DemoCheck } from '../../http/demo-model.ts'
import { issuerOf } from '../metadata.ts'
import { type Arrival, goodCode, type Walk } from '../walk.ts'
import type { Step } from './step.ts'

/** What the browser brought, judged by what this browser's walk knows (RFC 6749 §10.12, RFC 9207 §2.4). */
export function judgeArrival(walk: Walk, state: string, address: string, parameters: ReadonlyMap<string, string>): Arrival {
  return { address, parameters: Object.fromEntries(parameters), stateFits: parameters.get('state') === state, issuerFits: parameters.get('iss') === issuerOf(walk) }
}

function checks(walk: Walk, arrival: Arrival): readonly DemoCheck[] {
  const { parameters, stateFits, issuerFits } = arrival
  const { code, error } = parameters
  return [
    { name: 'state', value: parameters['state'] ?? 'missing', good: stateFits, about: stateFits ? 'The one this browser was sent away with.' : 'Not the one this browser was sent away with: the answer belongs to somebody else, and is thrown away.' },
    { name: 'iss', value: parameters['iss'] ?? 'missing', good: issuerFits, about: issuerFits ? 'The issuer from step 1, so the code may be shown to it.' : `Not ${issuerOf(walk)}: the code must not be sent there.` },
    error === undefined
      ? { name: 'code', value: code ?? 'missing', good: code !== undefined, about: 'Good for 60 seconds and for one use.' }
      : { name: 'error', value: error, good: false, about: parameters['error_description'] ?? 'The server or the person refused.' },
  ]
}

export const callbackStep: Step = {
  id: 'callback',
  title: 'Callback',
  what: 'The browser comes back with an answer, and the application checks whom it is for.',
  why: ['Anybody can send a browser to the callback. Before the code is used, `state` must be the one that this browser got, and `iss` the server that was asked.'],
  isDone: (walk) => goodCode(walk) !== undefined,
  details: (walk) => {
    const { arrival } = walk
    if (arrival === undefined) return {}
    return {
      exchanges: [{ id: 'callback-request', title: 'What the browser asked', request: `GET ${arrival.address} HTTP/1.1`, spent: 'This answer belongs to one browser; there is nothing to repeat.' }],
      checks: checks(walk, arrival),
      actions: goodCode(walk) === undefined ? [{ id: 'again', label: 'Start again from step 2' }] : [],
    }
  },
  actions: [],
}
