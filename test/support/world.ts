// The organizations, people and clients that most stories happen among.

export const SECRET = 'a-secret-for-tests-with-128-bits-5f2d'
export const CALLBACK = 'https://planner.example.org/callback'

export const world = `
kind: organization
organization_id: ntu
name: { en: Norges testuniversitet, nb: Norges testuniversitet }
realms: [ntu.example]
country: 'no'
---
kind: organization
organization_id: lunmal
name: { en: Lunmal University College, nb: Høgskolen i Lunmal }
realms: [lunmal.example]
country: 'no'
---
kind: provider
provider_id: ntu
protocol: local
name: { en: Norges testuniversitet }
organization: ntu
keywords: [NTU]
---
kind: provider
provider_id: lunmal
protocol: local
name: { en: Lunmal University College, nb: Høgskolen i Lunmal }
organization: lunmal
keywords: [HiL]
---
kind: user
username: ada
password: { value: ada has a password }
organization: ntu
claims: { name: Ada Example, given_name: Ada, family_name: Example, email: ada@ntu.example, email_verified: true, phone_number: '+4712345678', phone_number_verified: false, address: { formatted: 'Storgata 1, Oslo', country: Norway } }
groups: [staff, planners]
---
kind: user
username: lin
password: { value: lin has a password }
organization: ntu
claims: { name: Lin Example, email: lin@ntu.example, email_verified: false }
---
kind: user
username: kai
password: { value: kai has a password }
organization: lunmal
claims: { name: Kai Example }
---
kind: api
api_id: calendar
name: { en: Calendar }
audience: https://calendar.example.org
organization: ntu
scopes:
  write: { title: { en: Add events to your calendar }, description: { en: Adds and changes events. } }
---
kind: api
api_id: grades
name: { en: Grades }
audience: https://grades.example.org
organization: ntu
access_token_format: jwt
---
kind: scope
scope: debt.unsecured.presentation
title: { en: Show your unsecured debt }
---
kind: client
client_id: planner
client_secret: { value: ${SECRET} }
client_name: { en: Course Planner, nb: Emneplanlegger }
redirect_uris: [${CALLBACK}, http://127.0.0.1/callback]
post_logout_redirect_uris: [https://planner.example.org/]
grant_types: [authorization_code, refresh_token]
scope: openid profile email phone address groups userid offline_access gk_calendar gk_calendar_write
optional_scopes: [groups, gk_calendar_write]
organization: ntu
allowed_origins: [https://planner.example.org]
client_uri: https://planner.example.org
---
kind: client
client_id: second
client_secret: { value: ${SECRET} }
client_name: Second Client
redirect_uris: [https://second.example.org/callback]
grant_types: [authorization_code, refresh_token]
token_endpoint_auth_method: client_secret_post
scope: openid profile offline_access
id_token_signed_response_alg: ES256
---
kind: client
client_id: spa
client_name: Browser App
application_type: spa
redirect_uris: [https://spa.example.org/callback]
grant_types: [authorization_code, refresh_token]
scope: openid profile
id_token_signed_response_alg: EdDSA
---
kind: client
client_id: certified
client_secret: { value: ${SECRET} }
client_name: No PKCE
redirect_uris: [https://certified.example.org/callback]
grant_types: [authorization_code, refresh_token]
compatibility: [no_pkce]
scope: openid profile email address phone offline_access
---
kind: client
client_id: unsafe
client_secret: { value: ${SECRET} }
client_name: Plain Http
status: development
redirect_uris: [http://dev.planner.example/callback]
compatibility: [plain_http_redirect]
scope: openid profile
---
kind: client
client_id: only-ntu
client_secret: { value: ${SECRET} }
client_name: Only for NTU
redirect_uris: [https://only.example.org/callback]
login_providers: [ntu]
consent: implied
scope: openid profile
---
kind: client
client_id: robot
client_secret: { value: ${SECRET} }
client_name: Robot
application_type: service
scope: gk_calendar gk_calendar_write debt.unsecured.presentation openid profile
---
kind: client
client_id: calendar-api
client_secret: { value: ${SECRET} }
client_name: The calendar itself
application_type: service
organization: ntu
scope: openid
`
