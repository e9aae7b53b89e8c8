import { randomBytes } from 'node:crypto'
import { decodeJwt, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliverLogoutsJob } from '../../src/jobs/deliver-logouts.ts'
import type { TestServer } from '../support/app.ts'
import { type Browser, newBrowser, pageName, type Page } from '../support/browser.ts'
import { get, type Parameters } from '../support/relying-party.ts'
import { claimsOf } from './checks.ts'
import { answerAt, expectGoesOn, type Party, registerParty, request, signIn, type SignedIn, startProvider } from './party.ts'
import { startSuite, type Suite } from './suite.ts'

// The logout plans: RP-initiated, back-channel and front-channel.

const BACK = 'https://rp.example.org/signed-out'
let server: TestServer
let suite: Suite
let party: Party
beforeAll(async () => {
  ;[server, suite] = await Promise.all([startProvider(), startSuite()])
  party = await registerParty({ server, responseType: 'code' }, { post_logout_redirect_uris: [BACK] })
})
afterAll(() => Promise.all([server.close(), suite.close()]))

interface Visit {
  readonly browser: Browser
  readonly signedIn: SignedIn
}

async function visit(at = party): Promise<Visit> {
  const browser = newBrowser(server.issuer)
  return { browser, signedIn: await signIn(at, {}, { browser }) }
}

function logout({ browser }: Visit, parameters: Parameters): Promise<Page> {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return browser.open(`${server.issuer}/oauth/logout${given.length === 0 ? '' : `?${new URLSearchParams(given)}`}`)
}

/** Says yes where the person is asked. */
async function confirmed(browser: Browser, page: Page): Promise<Page> {
  return pageName(page) === 'logout' ? browser.submit(page, 'decision', { decision: 'confirm' }) : page
}

async function errorOfSilent({ browser }: Visit, at = party): Promise<string | null> {
  const asked = request(at, { prompt: 'none' })
  return answerAt(at, await browser.open(asked.url), asked).get('error')
}

/** Nobody is signed in any more, also not for a client that has a hint. */
async function expectSignedOut(visited: Visit, at = party): Promise<void> {
  expect(await errorOfSilent(visited, at)).toBe('login_required')
  const asked = request(at, { prompt: 'none', id_token_hint: visited.signedIn.idToken })
  expect(answerAt(at, await visited.browser.open(asked.url), asked).get('error')).toBe('login_required')
}

/** Neither at once nor after the person's yes does the browser come to the address. */
async function expectNoWayBack(visited: Visit, parameters: Parameters): Promise<void> {
  const page = await logout(visited, parameters)
  expect([page.status, pageName(page)]).toEqual([200, expect.stringMatching(/^(logout|logged-out)$/)])
  const after = await confirmed(visited.browser, page)
  expect([after.status, pageName(after)]).toEqual([200, 'logged-out'])
  expect(after.html).not.toContain(BACK)
}

async function foreignHint(): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256')
  return new SignJWT({ sub: 'someone' }).setProtectedHeader({ alg: 'RS256', kid: 'of-the-suite' }).setIssuer(server.issuer).setAudience(party.clientId).setIssuedAt().setExpirationTime('5m').sign(privateKey)
}

test.each([
  ['oidcc-rp-initiated-logout-discovery-endpoint-verification', undefined],
  ['oidcc-backchannel-logout-discovery-endpoint-verification', 'backchannel_logout'],
  ['oidcc-frontchannel-logout-discovery-endpoint-verification', 'frontchannel_logout'],
])('%s', async (_module, member) => {
  const { body } = await get(server.issuer, '/.well-known/openid-configuration')
  expect(body['end_session_endpoint']).toBe(`${server.issuer}/oauth/logout`)
  if (member !== undefined) expect([body[`${member}_supported`], body[`${member}_session_supported`]]).toEqual([true, true])
})

describe('started by the client', () => {
  test('oidcc-rp-initiated-logout', async () => {
    const visited = await visit()
    const state = randomBytes(64).toString('hex')
    const page = await confirmed(visited.browser, await logout(visited, { id_token_hint: visited.signedIn.idToken, post_logout_redirect_uri: BACK, state }))
    expect(page.url).toBe(`${BACK}?state=${state}`)
    await expectSignedOut(visited)
  })

  test('oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', async () => {
    const visited = await visit()
    await expectNoWayBack(visited, { id_token_hint: visited.signedIn.idToken, post_logout_redirect_uri: 'https://rp.example.org/elsewhere', state: 'bye' })
  })

  test('oidcc-rp-initiated-logout-modified-id-token-hint', async () => {
    // Naming the client beside it makes it no better.
    for (const client_id of [undefined, party.clientId]) {
      const visited = await visit()
      const modified = new UnsecuredJWT(decodeJwt(visited.signedIn.idToken)).encode()
      await expectNoWayBack(visited, { id_token_hint: modified, post_logout_redirect_uri: BACK, state: 'bye', client_id })
    }
  })

  test('oidcc-rp-initiated-logout-no-id-token-hint', async () => {
    await expectNoWayBack(await visit(), { post_logout_redirect_uri: BACK, state: 'bye' })
  })

  test('oidcc-rp-initiated-logout-bad-id-token-hint', async () => {
    await expectNoWayBack(await visit(), { id_token_hint: await foreignHint(), post_logout_redirect_uri: BACK, state: 'bye' })
  })

  test('oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', async () => {
    const visited = await visit()
    await expectNoWayBack(visited, { id_token_hint: visited.signedIn.idToken, post_logout_redirect_uri: `${BACK}?foo=bar`, state: 'bye' })
  })

  test('oidcc-rp-initiated-logout-no-params', async () => {
    const visited = await visit()
    const asked = await logout(visited, {})
    expect(pageName(asked)).toBe('logout')
    // A page that somebody was sent to has ended nothing yet.
    expect(await errorOfSilent(visited)).toBeNull()
    expect(pageName(await confirmed(visited.browser, asked))).toBe('logged-out')
    await expectSignedOut(visited)
  })

  test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async () => {
    const visited = await visit()
    expect(pageName(await logout(visited, { id_token_hint: visited.signedIn.idToken }))).toBe('logged-out')
    await expectSignedOut(visited)
  })

  test('oidcc-rp-initiated-logout-no-state', async () => {
    const visited = await visit()
    expect((await logout(visited, { id_token_hint: visited.signedIn.idToken, post_logout_redirect_uri: BACK })).url).toBe(BACK)
    await expectSignedOut(visited)
  })

  test('oidcc-rp-initiated-logout-only-state', async () => {
    const visited = await visit()
    const page = await confirmed(visited.browser, await logout(visited, { state: 'bye' }))
    expect(pageName(page)).toBe('logged-out')
    await expectSignedOut(visited)
  })
})

test('oidcc-backchannel-rp-initiated-logout', async () => {
  const told = await registerParty({ server, responseType: 'code' }, { post_logout_redirect_uris: [BACK], backchannel_logout_uri: suite.at('/back'), backchannel_logout_session_required: true })
  const visited = await visit(told)
  const page = await logout(visited, { id_token_hint: visited.signedIn.idToken, post_logout_redirect_uri: BACK, state: 'bye' })
  expect(page.url).toBe(`${BACK}?state=bye`)
  await deliverLogoutsJob.run(server.ctx, () => false)
  const [heard, ...more] = suite.heard.filter(({ path }) => path === '/back')
  expect([heard?.method, heard?.type, more]).toEqual(['POST', 'application/x-www-form-urlencoded', []])
  const form = new URLSearchParams(heard?.body)
  expect([...form.keys()]).toEqual(['logout_token'])
  const claims = await claimsOf(server, form.get('logout_token') ?? '', told.clientId)
  expect(claims).toMatchObject({ sub: visited.signedIn.claims.sub, sid: visited.signedIn.claims['sid'], iat: expect.any(Number), jti: expect.any(String), events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
  expect(claims).not.toHaveProperty('nonce')
  await expectSignedOut(visited, told)
})

test('oidcc-frontchannel-rp-initiated-logout', async () => {
  const told = await registerParty({ server, responseType: 'code' }, { post_logout_redirect_uris: [BACK], frontchannel_logout_uri: suite.at('/front'), frontchannel_logout_session_required: true })
  const visited = await visit(told)
  const page = await logout(visited, { id_token_hint: visited.signedIn.idToken, post_logout_redirect_uri: BACK, state: 'bye' })
  const source = /<iframe[^>]* src="([^"]+)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect(source.split('?')[0]).toBe(suite.at('/front'))
  expect(Object.fromEntries(new URL(source).searchParams)).toEqual({ iss: server.issuer, sid: visited.signedIn.claims['sid'] })
  expect(page.headers.get('content-security-policy')).toMatch(new RegExp(`frame-src [^;]*${new URL(suite.at('/')).host}`))
  expect(/<a [^>]*id="signing-out"[^>]*>/.exec(page.html)?.[0].replaceAll('&amp;', '&')).toContain(`${BACK}?state=bye`)
  expectGoesOn(page)
  await expectSignedOut(visited, told)
})
