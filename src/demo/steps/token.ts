import { callbackAddress, demoWeb } from '../demo-clients.ts'
import { basicPost, type HttpRequest, isGood, send, textOf } from '../exchange.ts'
import { endpointOf, issuerOf } from '../metadata.ts'
import { goodCode, type Tokens, type Walk } from '../walk.ts'
import type { Exchange } from '../exchange.ts'
import { shownOrPrepared } from '../wire-text.ts'
import type { Step } from './step.ts'

/** The token request for a code (RFC 6749 §4.1.3). */
export function codeRequest(walk: Walk, code: string, verifier: string): HttpRequest {
  return basicPost(endpointOf(walk, 'token_endpoint'), demoWeb, { grant_type: 'authorization_code', code, redirect_uri: callbackAddress(issuerOf(walk)), code_verifier: verifier })
}

export function tokensOf({ answer }: Exchange): Tokens | undefined {
  const access = textOf(answer, 'access_token')
  return access === undefined ? undefined : { access, refresh: textOf(answer, 'refresh_token'), idToken: textOf(answer, 'id_token') }
}

const SPENT = 'The code is spent. To see what a second use does, break it below.'

export const tokenStep: Step = {
  id: 'token',
  title: 'Token request',
  what: 'The application trades the code for tokens, server to server.',
  why: [
    'The browser has no part in this. The application proves itself with its secret over HTTP Basic, and sends the code verifier: the server hashes it and compares it with the challenge from step 2.',
    'The code lives 60 seconds. If you read longer than that, the answer is `invalid_grant`: start again from step 2.',
  ],
  isDone: (walk) => walk.tokens !== undefined,
  details: (walk) => {
    const code = goodCode(walk)
    if (code === undefined) return {}
    const request = codeRequest(walk, code, walk.secrets.verifier)
    const header = request.headers['Authorization'] ?? ''
    return {
      exchanges: [shownOrPrepared({ id: 'token-request', title: 'Token request', spent: SPENT }, walk.token, request)],
      facts: [{ name: 'Authorization', value: header, about: `Basic and the Base64 of "${Buffer.from(header.slice(6), 'base64')}": the client ID and the secret. Encoded, not encrypted; that is what TLS is for.` }],
      actions: walk.token === undefined ? [{ id: 'redeem', label: 'Redeem the code' }] : isGood(walk.token.answer) ? [] : [{ id: 'again', label: 'Start again from step 2' }],
    }
  },
  actions: [
    {
      name: 'redeem',
      may: (walk) => walk.token === undefined && goodCode(walk) !== undefined,
      run: async (walk) => {
        const token = await send(codeRequest(walk, goodCode(walk) ?? '', walk.secrets.verifier))
        const tokens = tokensOf(token)
        return { walk: { ...walk, token, ...(tokens !== undefined && { tokens }), last: 'token' } }
      },
    },
  ],
}
