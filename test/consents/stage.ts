import type { TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, get, type JsonAnswer, obtainCode, type Parameters, post, redeem } from '../support/relying-party.ts'
import { CALLBACK, SECRET } from '../support/world.ts'

// A bank that may look at people's debt when they agree to it, and the register that answers.

export const DEBT = `
kind: scope
scope: debt.presentation
title: { en: Show your unsecured debt }
consent: { single_use: true, max_days: 365 }
---
kind: scope
scope: debt.processing
title: { en: Work with your unsecured debt }
consent: { max_days: 28 }
---
kind: scope
scope: debt.once
title: { en: One look }
consent: { single_use: true }
---
kind: scope
scope: version.2
title: { en: The second version }
---
kind: api
api_id: debt
name: { en: The debt register }
audience: https://debt.example.org
organization: ntu
---
kind: api
api_id: signed-debt
name: { en: The debt register of signed tokens }
audience: https://signed-debt.example.org
organization: ntu
access_token_format: jwt
---
kind: client
client_id: bank
client_secret: { value: ${SECRET} }
client_name: The Bank
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code, refresh_token, client_credentials, password, 'urn:ietf:params:oauth:grant-type:device_code']
profile: legacy
compatibility: [password]
scope: openid profile offline_access debt.presentation debt.processing debt.once version.2 consent.create consent.events
---
kind: client
client_id: other-bank
client_secret: { value: ${SECRET} }
client_name: The Other Bank
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code, client_credentials]
consent: implied
scope: openid debt.presentation consent.create consent.events
---
kind: client
client_id: register
client_secret: { value: ${SECRET} }
client_name: The register itself
application_type: service
grant_types: [client_credentials, 'urn:ietf:params:oauth:grant-type:token-exchange']
organization: ntu
scope: consent.use debt.presentation
`

export const bank = { authorization: basic('bank') }
export const register = { authorization: basic('register') }

/** The bank sends a person to the server, who says yes; it gets its tokens. */
export async function agree(server: TestServer, scope: string, changes: Parameters = {}, username = 'ada', at: Parameters = {}): Promise<JsonAnswer> {
  const client = { authorization: basic(changes['client_id'] ?? 'bank') }
  return redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { client_id: 'bank', scope, ...changes }, username), at, client)
}

export async function introspect(server: TestServer, token: unknown, as = register): Promise<Record<string, unknown>> {
  return (await post(server.issuer, '/oauth/introspection', { token: String(token) }, as)).body
}

/** The consent that a token came from, as its own client reads it, without using it. */
export async function consentOf(server: TestServer, token: unknown): Promise<string> {
  return String((await introspect(server, token, bank))['consent_id'])
}

/** A header with a token of a client for itself. */
export async function itself(server: TestServer, clientId: string, scope?: string): Promise<{ readonly authorization: string }> {
  const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope }, { authorization: basic(clientId) })
  return { authorization: `Bearer ${body['access_token']}` }
}

export function ask(server: TestServer, path: string, headers: Readonly<Record<string, string>>): Promise<JsonAnswer> {
  return get(server.issuer, `/api/consents/${path}`, headers)
}
