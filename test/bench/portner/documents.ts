// The configuration that the server under test is started with.

export const SECRET = 'Wj4nq0ZkT8vR2mXbL6yHs9'
export const WEB = 'bench-web'
export const SERVICE = 'bench-service'
export const REDIRECT_URI = 'https://web.bench.example/callback'
export const AUDIENCE = 'https://jwt.bench.example'

/** The YAML documents: a web client whose id tokens are ES256, a service, an API that wants JWTs, a provider for sign-ins. */
export function documents(): string {
  return `
kind: organization
organization_id: bench
name: { en: Bench }
realms: [bench.example]
country: 'no'
---
kind: provider
provider_id: bench
protocol: local
name: { en: Bench }
organization: bench
---
kind: api
api_id: bench
name: { en: Bench }
title: { en: Bench }
audience: ${AUDIENCE}
organization: bench
access_token_format: jwt
---
kind: client
client_id: ${WEB}
client_secret: { value: ${SECRET} }
client_name: { en: Bench }
application_type: web
redirect_uris: ['${REDIRECT_URI}']
grant_types: [authorization_code, refresh_token]
scope: openid profile email
id_token_signed_response_alg: ES256
consent: implied
organization: bench
---
kind: client
client_id: ${SERVICE}
client_secret: { value: ${SECRET} }
client_name: { en: Bench }
application_type: service
scope: gk_bench
organization: bench
---
kind: user
username: bench
organization: bench
claims: { name: Bench, email: bench@bench.example, email_verified: true }
`.trimStart()
}
