import { discovery } from './node.ts'
import { quoted } from './quote.ts'
import { pathOf, portOf, type Snippet } from './snippet.ts'

export const express: Snippet = {
  id: 'express',
  name: 'Express',
  kinds: ['web'],
  code: (facts) => `// npm install express express-session openid-client
import express from 'express'
import session from 'express-session'
import * as client from 'openid-client'

const redirectUri = ${quoted(facts.redirectUri)}
const config = ${discovery(facts)}
const app = express()
app.use(session({ secret: process.env.SESSION_SECRET, resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }))

app.get('/login', async (request, response) => {
  const signin = { state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() }
  request.session.signin = signin
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri, scope: ${quoted(facts.scope)}, state: signin.state, nonce: signin.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(signin.verifier), code_challenge_method: 'S256',
  })
  response.redirect(address.href)
})

app.get(${quoted(pathOf(facts))}, async (request, response) => {
  const { state, nonce, verifier } = request.session.signin ?? {}
  try {
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier }
    const tokens = await client.authorizationCodeGrant(config, new URL(request.url, redirectUri), checks)
    // A new session for whoever is signed in now.
    request.session.regenerate(() => { request.session.person = tokens.claims(); response.json(tokens.claims()) })
  } catch (error) {
    response.status(400).json({ error: error.error ?? 'failed', description: error.error_description ?? error.message })
  }
})

app.listen(${portOf(facts)})
`,
}
