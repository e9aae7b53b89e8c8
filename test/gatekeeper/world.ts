import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, obtainCode, type Parameters, post, redeem } from '../support/relying-party.ts'
import { startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { CALLBACK, SECRET } from '../support/world.ts'

// The API that most stories are about, and tokens for it.

export const UPSTREAM_PASSWORD = 'the-calendar-knows-this-one'

/** The calendar with its upstream, and an API that nobody in these stories may call. */
export function gatekeptApis(upstream: string, more = ''): string {
  return `
kind: api
api_id: calendar
name: { en: Calendar }
audience: https://calendar.example.org
upstream: ${upstream}
upstream_auth: { type: basic, username: gatekeeper }
gatekeeper_secret: { value: ${UPSTREAM_PASSWORD} }
organization: ntu
receives: [userid, groups]
forward_headers: [x-trace-me]
${more}scopes:
  write: { title: { en: Add events to your calendar } }
---
kind: api
api_id: library
name: { en: Library }
upstream: ${upstream}
organization: ntu
---
kind: client
client_id: agenda
client_secret: { value: ${SECRET} }
client_name: Agenda
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code, refresh_token, 'urn:ietf:params:oauth:grant-type:token-exchange']
scope: openid profile gk_calendar gk_calendar_write
consent: implied
`
}

/** A client whose people let it look at the calendar once. */
export const onlooker = `---
kind: scope
scope: look.once
title: { en: Look once }
consent: { single_use: true }
---
kind: client
client_id: onlooker
client_secret: { value: ${SECRET} }
client_name: Onlooker
redirect_uris: [${CALLBACK}]
scope: openid look.once gk_calendar
`

/** The calendar, and a server with the gatekeeper in front of it. */
export interface Gatekept {
  readonly upstream: UpstreamApi
  readonly server: TestServer
  readonly close: () => Promise<void>
}

/** Opens both; `declare` says what is declared, given the address of the calendar. */
export async function openGatekept(declare: (upstream: string) => string = gatekeptApis, env: Readonly<Record<string, string>> = {}): Promise<Gatekept> {
  const upstream = await startUpstreamApi()
  const server = await startTestServer({ env })
  await server.apply(declare(upstream.url))
  return {
    upstream,
    server,
    close: async () => {
      await server.close()
      await upstream.close()
    },
  }
}

const SCOPE = 'openid profile gk_calendar gk_calendar_write'

/** A token of Ada's, who signed in at the agenda. */
export async function userToken(issuer: string, parameters: Parameters = {}): Promise<string> {
  const { body } = await redeem(issuer, await obtainCode(issuer, newBrowser(issuer), { client_id: 'agenda', scope: SCOPE, ...parameters }), {}, { authorization: basic('agenda') })
  return String(body['access_token'])
}

/** A token of the robot's own. */
export async function systemToken(issuer: string, scope = 'gk_calendar gk_calendar_write'): Promise<string> {
  const { body } = await post(issuer, '/oauth/token', { grant_type: 'client_credentials', scope }, { authorization: basic('robot', SECRET) })
  return String(body['access_token'])
}
