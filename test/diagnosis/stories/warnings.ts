import { listTraces } from '../../../src/diagnosis/store.ts'
import type { Cause } from '../../../src/protocol/causes.ts'
import { newBrowser } from '../../support/browser.ts'
import { authorizationUrl, basic, get, newPkce, obtainCode, type Parameters, type Pkce, redeem } from '../../support/relying-party.ts'
import { ask } from '../stage.ts'
import type { Place } from './place.ts'
import { type Refused, refusedWith, signedIn, type Story, story } from './story.ts'

// What passes and could be better: nobody is told of it but the developers, who find it in the client's log.

const OPERATOR = { operator: true } as const

/** The trace that a request left, whose sender was told nothing. */
async function warned({ server }: Place, clientId: string, cause: Cause, status: number): Promise<Refused> {
  await server.ctx.diagnosis.flush()
  const found = (await listTraces(server.ctx.db, clientId, 500)).find((trace) => trace.level === 'warning' && trace.cause === cause)
  return { status, reference: found?.reference ?? '' }
}

const begins = (cause: Cause, clientId: string, changes: Parameters, pkce: Pkce | undefined = newPkce()): Story['send'] => async (place) => {
  const { status } = await fetch(authorizationUrl(place.server.issuer, pkce, { client_id: clientId, ...changes }), { redirect: 'manual' })
  return warned(place, clientId, cause, status)
}

function preflight(issuer: string, origin: string): Promise<Response> {
  return fetch(`${issuer}/oauth/token`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })
}

const SPA = { redirect_uri: 'https://spa.example.org/callback', scope: 'openid', state: undefined, nonce: undefined }

export const warnings: readonly Story[] = [
  story('warning.no_state', 'a request without one', 303, begins('warning.no_state', 'spa', SPA), OPERATOR),
  story('warning.no_nonce', 'a request without one', 303, begins('warning.no_nonce', 'spa', SPA), OPERATOR),
  story('warning.unused_scopes', 'registered, and not asked for', 303, begins('warning.unused_scopes', 'spa', SPA), OPERATOR),
  story('warning.http_redirect', 'an answer in clear', 303, begins('warning.http_redirect', 'unsafe', { redirect_uri: 'http://dev.planner.example/callback' }), OPERATOR),
  story('warning.no_pkce', 'of a client that may do without', 303, async (place) => {
    const { status } = await fetch(authorizationUrl(place.server.issuer, undefined, { client_id: 'certified', redirect_uri: 'https://certified.example.org/callback' }), { redirect: 'manual' })
    return warned(place, 'certified', 'warning.no_pkce', status)
  }, OPERATOR),
  story('warning.implicit', 'a token in the address', 303, begins('warning.implicit', 'hybrid', { redirect_uri: 'https://hybrid.example.org/callback', response_type: 'code token', scope: 'openid' })),
  story('warning.secret_in_browser', 'of a page in a browser', 400, async (place) => {
    const { status } = await ask(place.server, { grant_type: 'refresh_token', refresh_token: 'x' }, { authorization: basic('planner'), origin: 'https://planner.example.org' })
    return warned(place, 'planner', 'warning.secret_in_browser', status)
  }),
  story('cors.origin', 'of a page that the client did not register', 200, async (place) => {
    const { body } = await signedIn(place)
    const { status } = await get(place.server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}`, origin: 'https://plan.example.org' })
    return warned(place, 'planner', 'cors.origin', status)
  }, { pair: ['Origin', 'https://plan.example.org', 'https://planner.example.org'] }),
  story('cors.origin', 'the preflight of a page whose address is registered, and whose origin is not', 204, async ({ server }) => refusedWith(await preflight(server.issuer, 'https://twice.example.org')), { pair: ['Origin', 'https://twice.example.org', undefined], hints: ['none_registered'] }),
  story('cors.origin', 'the preflight of a page that nobody has heard of', 204, async ({ server }) => refusedWith(await preflight(server.issuer, 'https://nobody.example')), { operator: true, pair: ['Origin', 'https://nobody.example', undefined] }),
  story('logout.redirect_uri', 'another address than the registered one', 303, async (place) => {
    const { server } = place
    const { body } = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer)))
    const asked = new URLSearchParams({ id_token_hint: String(body['id_token']), post_logout_redirect_uri: 'https://planner.example.org' })
    const { status } = await fetch(`${server.issuer}/oauth/logout?${asked}`, { redirect: 'manual' })
    return warned(place, 'planner', 'logout.redirect_uri', status)
  }, { pair: ['post_logout_redirect_uri', 'https://planner.example.org', 'https://planner.example.org/'] }),
]
