import { discovery } from './node.ts'
import { quoted } from './quote.ts'
import { pathOf, portOf, type Snippet } from './snippet.ts'

export const fastify: Snippet = {
  id: 'fastify',
  name: 'Fastify',
  kinds: ['web'],
  code: (facts) => `// npm install fastify @fastify/cookie openid-client
import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import * as client from 'openid-client'

const redirectUri = ${quoted(facts.redirectUri)}
const config = ${discovery(facts)}
const app = Fastify()
await app.register(cookie)

app.get('/login', async (request, reply) => {
  const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()]
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri, scope: ${quoted(facts.scope)}, state, nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })
  reply.setCookie('signin', [state, nonce, verifier].join('.'), { httpOnly: true, sameSite: 'lax', path: '/', maxAge: 600, secure: redirectUri.startsWith('https:') })
  return reply.redirect(address.href)
})

app.get(${quoted(pathOf(facts))}, async (request, reply) => {
  const [state, nonce, verifier] = (request.cookies.signin ?? '').split('.')
  try {
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier }
    const tokens = await client.authorizationCodeGrant(config, new URL(request.url, redirectUri), checks)
    return reply.clearCookie('signin').send(tokens.claims())
  } catch (error) {
    return reply.code(400).send({ error: error.error ?? 'failed', description: error.error_description ?? error.message })
  }
})

await app.listen({ port: ${portOf(facts)} })
`,
}
