import { setUserStatus } from '../../../src/users/store.ts'
import { newBrowser, type Page } from '../../support/browser.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { authorizationUrl, newPkce, obtainCode, type Parameters, providerLink, redeem, walk } from '../../support/relying-party.ts'
import type { Misbehaviour } from '../../support/upstream-oidc.ts'
import { claimsOf, leaveFor, returnFrom } from '../../upstream/journey.ts'
import type { Place } from './place.ts'
import { cameTo, open, type Refused, seconds, type Story, story } from './story.ts'

// The pages of a sign-in: who may come in, from where, and what the person and the institution say.

const TWICE = { client_id: 'twice', redirect_uri: 'https://twice.example.org/callback', scope: 'openid profile' }

/** The first page of a request, in a browser in which nobody is signed in. */
async function begun({ server }: Place, changes: Parameters = {}) {
  const browser = newBrowser(server.issuer)
  return { browser, page: await browser.open(authorizationUrl(server.issuer, newPkce(), changes)) }
}

/** What a request says to a browser in which Ada is signed in. */
async function withAda({ server }: Place, changes: Parameters): Promise<Page> {
  const browser = newBrowser(server.issuer)
  await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), TWICE)))
  return browser.open(authorizationUrl(server.issuer, newPkce(), changes))
}

/** What an institution whose clock is right says: the stories have moved ours. */
function timely(place: Place): Readonly<Record<string, unknown>> {
  return { iat: seconds(place), exp: seconds(place) + 300, auth_time: seconds(place) }
}

/** A way to the institution `up` and back, where it does something else than it should. */
async function comesBack(place: Place, misbehave: Misbehaviour): Promise<Refused> {
  const { server, upstream } = place
  upstream.misbehave = {}
  const away = await leaveFor(server, 'up')
  upstream.misbehave = { ...misbehave, claims: { ...timely(place), ...misbehave.claims } }
  const page = await returnFrom(upstream, away)
  upstream.misbehave = {}
  return cameTo(page)
}

async function lockedPerson(place: Place): Promise<Refused> {
  const { server, upstream } = place
  upstream.misbehave = { claims: timely(place) }
  upstream.person = { sub: 'somebody-who-will-be-locked', name: 'Somebody' }
  const away = await leaveFor(server, 'up', { scope: 'openid userid' })
  const claims = await claimsOf(server, await returnFrom(upstream, away), away)
  await setUserStatus(server.ctx.db, String(claims['userid']), 'locked')
  return cameTo(await returnFrom(upstream, await leaveFor(server, 'up')))
}

export const signingIn: readonly Story[] = [
  story('login.required', 'prompt=none', 303, (place) => open(place, { prompt: 'none' }), { nothingCompared: true }),
  story('login.other_person', 'the id token of somebody else', 303, async (place) => {
    const { server } = place
    const lin = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), {}, 'lin'))
    const { browser, page } = await begun(place, { ...TWICE, id_token_hint: String(lin.body['id_token']) })
    return cameTo(await walk(browser, page, 'ada'))
  }),
  story('login.assurance', 'a kind of sign-in that there is not', 303, async (place) => cameTo(await withAda(place, { ...TWICE, prompt: 'none', claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:level:9'] } } }) }))),
  story('login.cancelled', 'at the password', 303, async (place) => {
    const { browser, page } = await begun(place, { client_id: 'pickers', redirect_uri: 'https://pickers.example.org/callback', scope: 'openid' })
    return cameTo(await browser.submit(page, 'username', { cancel: '1' }))
  }, { nothingCompared: true }),
  story('login.provider_not_allowed', 'by an address of another institution', 403, async (place) => {
    const { browser, page } = await begun(place, { client_id: 'pickers', redirect_uri: 'https://pickers.example.org/callback', scope: 'openid' })
    return cameTo(await browser.open(`${new URL(page.url).pathname.replace(/[^/]*$/, 'login')}?provider=lunmal`))
  }, { pair: ['login_providers', 'lunmal', 'ntu'] }),
  story('consent.required', 'prompt=none', 303, async (place) => cameTo(await withAda(place, { prompt: 'none', scope: 'openid phone' })), { pair: ['prompt', 'none', undefined] }),
  story('consent.refused', 'by the person', 303, async (place) => {
    const { browser, page } = await begun(place, { prompt: 'consent' })
    const login = await browser.open(providerLink(page, 'ntu'))
    const consent = await browser.submit(login, 'username', { username: 'ada', password: 'ada has a password' })
    return cameTo(await browser.submit(consent, 'decision', { decision: 'deny' }))
  }, { nothingCompared: true }),
  story('form.foreign', 'a form of another site', 403, async (place) => {
    const { browser, page } = await begun(place)
    const login = await browser.open(providerLink(page, 'ntu'))
    return cameTo(await browser.submit(login, 'username', { username: 'ada', password: 'x', csrf: 'made-up' }))
  }, { operator: true, nothingCompared: true }),
  story('issuer.host', 'another name of the same machine', 421, async ({ server }) => {
    const { port, host } = new URL(server.issuer)
    const { status, headers } = await rawRequest(Number(port), `GET /oauth/authorization?client_id=planner HTTP/1.1\r\nhost: ${host.replace('localhost', 'old.example.org')}\r\nconnection: close\r\n\r\n`)
    return { status, reference: headers.get('x-request-id') ?? '' }
  }),
  story('upstream.refused', 'the person said no there', 403, (place) => comesBack(place, { error: 'access_denied' }), { hints: ['provider', 'upstream_detail'] }),
  story('upstream.unavailable', 'its token endpoint is down', 503, (place) => comesBack(place, { down: ['/token'] }), { hints: ['provider', 'upstream_detail'] }),
  story('upstream.invalid', 'an id token of another issuer', 400, (place) => comesBack(place, { claims: { iss: 'https://elsewhere.example' } }), { hints: ['provider', 'upstream_detail'] }),
  story('upstream.incomplete', 'a person without a number', 403, async ({ server, github }) => {
    github.person = { login: 'octocat' }
    const { browser, departure } = await leaveFor(server, 'github')
    return cameTo(await browser.open(await github.visit(departure.href)))
  }, { hints: ['provider', 'upstream_detail', 'missing_attributes'] }),
  story('upstream.locked', 'a person who is locked here', 403, lockedPerson, { hints: ['provider', 'upstream_detail'] }),
]
