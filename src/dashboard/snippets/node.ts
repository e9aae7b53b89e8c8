import { quoted } from './quote.ts'
import { pathOf, portOf, type Snippet, type SnippetFacts } from './snippet.ts'

/** How openid-client is told who the application is. */
export function discovery({ issuer, clientId, secret }: SnippetFacts): string {
  const proof = secret ? 'client.ClientSecretBasic(process.env.OIDC_CLIENT_SECRET)' : 'client.None()'
  const plain = issuer.startsWith('http:') ? ', { execute: [client.allowInsecureRequests] }' : ''
  return `await client.discovery(new URL(${quoted(issuer)}), ${quoted(clientId)}, {}, ${proof}${plain})`
}

function service(facts: SnippetFacts): string {
  return `// npm install openid-client
import * as client from 'openid-client'

const config = ${discovery(facts)}
try {
  const tokens = await client.clientCredentialsGrant(config)
  console.log('A token for', tokens.expires_in, 'seconds')
} catch (error) {
  console.error('Refused:', error.error ?? error.message, error.error_description ?? '')
  process.exitCode = 1
}
`
}

function web(facts: SnippetFacts): string {
  return `// npm install openid-client
import { createServer } from 'node:http'
import * as client from 'openid-client'

const redirectUri = ${quoted(facts.redirectUri)}
const config = ${discovery(facts)}

async function leave(response) {
  const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()]
  const challenge = await client.calculatePKCECodeChallenge(verifier)
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri, scope: ${quoted(facts.scope)}, state, nonce, code_challenge: challenge, code_challenge_method: 'S256',
  })
  // Kept by the browser that leaves, until it comes back. With https, add "; Secure".
  response.setHeader('set-cookie', \`signin=\${state}.\${nonce}.\${verifier}; HttpOnly; SameSite=Lax; Path=/; Max-Age=600\`)
  response.writeHead(302, { location: address.href }).end()
}

async function comeBack(request, response, url) {
  const [state, nonce, verifier] = (/signin=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '').split('.')
  const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier }
  const tokens = await client.authorizationCodeGrant(config, url, checks)
  const person = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(person))
}

createServer(async (request, response) => {
  const url = new URL(request.url, redirectUri)
  try {
    if (url.pathname === ${quoted(pathOf(facts))}) await comeBack(request, response, url)
    else await leave(response)
  } catch (error) {
    response.writeHead(400).end(\`Sign-in failed: \${error.error ?? error.message}\`)
  }
}).listen(${portOf(facts)})
`
}

export const node: Snippet = { id: 'node', name: 'Node.js (openid-client)', kinds: ['web', 'service'], code: (facts) => (facts.kind === 'service' ? service(facts) : web(facts)) }
