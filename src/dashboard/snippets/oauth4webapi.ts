import { quoted } from './quote.ts'
import type { Snippet } from './snippet.ts'

export const oauth4webapi: Snippet = {
  id: 'oauth4webapi',
  name: 'Browser, Deno, Workers (oauth4webapi)',
  kinds: ['spa', 'native'],
  code: ({ issuer, clientId, redirectUri, scope }) => {
    const plain = issuer.startsWith('http:') ? 'const options = { [oauth.allowInsecureRequests]: true }' : 'const options = {}'
    return `// npm install oauth4webapi
import * as oauth from 'oauth4webapi'

${plain}
const issuer = new URL(${quoted(issuer)})
const client = { client_id: ${quoted(clientId)} }
const redirectUri = ${quoted(redirectUri)}
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))

export async function leave() {
  const kept = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), verifier: oauth.generateRandomCodeVerifier() }
  sessionStorage.setItem('signin', JSON.stringify(kept))
  const address = new URL(server.authorization_endpoint)
  address.search = new URLSearchParams({
    client_id: client.client_id, response_type: 'code', redirect_uri: redirectUri, scope: ${quoted(scope)},
    state: kept.state, nonce: kept.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(kept.verifier), code_challenge_method: 'S256',
  })
  location.assign(address)
}

export async function comeBack() {
  const { state, nonce, verifier } = JSON.parse(sessionStorage.getItem('signin') ?? '{}')
  sessionStorage.removeItem('signin')
  try {
    const answer = oauth.validateAuthResponse(server, client, new URL(location.href), state)
    const response = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), answer, redirectUri, verifier, options)
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce, requireIdToken: true })
    return oauth.getValidatedIdTokenClaims(tokens)
  } catch (error) {
    // error.error is the server's code, such as access_denied: the person said no.
    document.body.append(\`Sign-in failed: \${error.error ?? error.message}\`)
  }
}
`
  },
}
