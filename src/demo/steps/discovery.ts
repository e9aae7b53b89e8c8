import { get, isGood, jsonOf, send } from '../exchange.ts'
import type { Exchange } from '../exchange.ts'
import { temporarilyUnavailable } from '../../protocol/error.ts'
import { shown } from '../wire-text.ts'
import type { Step } from './step.ts'

const PATH = '/.well-known/openid-configuration'
const TOLD = ['issuer', 'authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri']

/** Asks the server what it is. Throws `temporarily_unavailable` when it does not say. */
export async function discover(issuer: string): Promise<Exchange> {
  const exchange = await send(get(`${issuer}${PATH}`))
  if (!isGood(exchange.answer)) throw temporarilyUnavailable('The server did not answer with its metadata')
  return exchange
}

export const discoveryStep: Step = {
  id: 'discovery',
  title: 'Discovery',
  what: 'The application asks the server where everything is.',
  why: [
    'An application is configured with one address, the issuer. Everything else it reads from the metadata document: where to send people, where to get tokens, which keys sign them.',
    'The `issuer` inside must be letter for letter the address that was asked. Otherwise the document speaks for somebody else.',
  ],
  isDone: () => true,
  details: ({ discovery }) => {
    const metadata = jsonOf(discovery.answer)
    return {
      exchanges: [shown({ id: 'discovery-request', title: 'Metadata' }, discovery)],
      facts: TOLD.map((name) => ({ name, value: String(metadata[name]) })),
      actions: [{ id: 'discover', label: 'Ask again', second: true }],
    }
  },
  actions: [{ name: 'discover', may: () => true, run: async (walk, _form, ctx) => ({ walk: { ...walk, discovery: await discover(ctx.config.issuer), last: 'discovery' } }) }],
}
