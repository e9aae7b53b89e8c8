import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page } from '../support/browser.ts'
import { type Directory, ldapYaml, SERVICE_PASSWORD, startDirectory, withoutSlapd } from '../support/upstream-ldap.ts'
import { providerYaml, startUpstream, UPSTREAM_SECRET, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { samlYaml, startSamlUpstream, type UpstreamSaml } from '../support/upstream-saml.ts'
import { openAccount } from '../support/account.ts'
import { atWork, change, factOf, told } from './operator.ts'

// An operator tries whether a place to sign in can be reached with what is stored of it, and is told in words what fails.

let server: TestServer
let upstream: UpstreamProvider
let institution: UpstreamSaml
let directory: Directory | undefined
let ada: Browser
beforeAll(async () => {
  ;[server, upstream, institution, directory] = await Promise.all([startTestServer({ env: { PORTNER_TEST_FETCH: '1' } }), startUpstream(), startSamlUpstream(), withoutSlapd === false ? startDirectory() : undefined])
  await server.apply([providerYaml(upstream, 'elsewhere'), samlYaml(institution, 'campus')].join('\n---\n'))
  ada = await atWork(server)
})
afterAll(async () => void (await Promise.all([server.close(), upstream.close(), institution.close(), directory?.close()])))

const connect = (id: string): Promise<Page> => change(ada, `/admin/providers/${id}/try-connection`)
const NO_GOOD = 'The connection does not work. Below is what failed.'

/** What the page says of it; nothing of what only we and the other side know. */
async function outcome(id: string): Promise<readonly (string | undefined)[]> {
  const page = await connect(id)
  for (const secret of [UPSTREAM_SECRET, SERVICE_PASSWORD, encodeURIComponent(UPSTREAM_SECRET)]) expect(page.html).not.toContain(secret)
  return [told(page), factOf(page, 'connection')]
}

describe('an OpenID provider', () => {
  test('answers with its discovery document and its keys; asked anew each time', async () => {
    expect(await outcome('elsewhere')).toEqual(['The connection works.', 'It answers, and takes what is stored here'])
    upstream.misbehave = { down: ['/.well-known/openid-configuration'] }
    expect(await outcome('elsewhere')).toEqual([NO_GOOD, 'Its discovery document or its keys cannot be used status'])
    upstream.misbehave = { garbage: ['/jwks'] }
    expect(await outcome('elsewhere')).toEqual([NO_GOOD, 'Its discovery document or its keys cannot be used jwks_uri'])
    upstream.misbehave = { metadata: { issuer: 'https://somebody.else.example' } }
    expect((await outcome('elsewhere'))[1]).toContain('Its discovery document or its keys cannot be used')
    upstream.misbehave = {}
  })

  test('at an address of the own network is not asked', async () => {
    await server.apply(providerYaml(upstream, 'inside').replace(/issuer: \S+/, 'issuer: https://10.0.0.1'))
    expect(await outcome('inside')).toEqual([NO_GOOD, 'This server does not go to such an address forbidden'])
  })

  test('that is not there', async () => {
    const gone = await startUpstream()
    await server.apply(providerYaml(gone, 'gone'))
    await gone.close()
    expect(await outcome('gone')).toEqual([NO_GOOD, 'Nothing answers at its address unreachable'])
  })
})

test('a SAML provider has its metadata read again', async () => {
  expect(await outcome('campus')).toEqual(['The connection works.', 'It answers, and takes what is stored here'])
  institution.metadataFault = 503
  expect(await outcome('campus')).toEqual([NO_GOOD, 'Its metadata cannot be used the address answers with the status 503'])
})

describe.skipIf(withoutSlapd !== false)('a directory', () => {
  test('lets our own account in, and has the place where people are', async () => {
    const url = directory?.url ?? ''
    await server.apply([ldapYaml('directory', url), ldapYaml('strange', url).replace(SERVICE_PASSWORD, 'not this one'), ldapYaml('empty', url).replace(/base_dn: .*/, 'base_dn: dc=nowhere,dc=example')].join('\n---\n'))
    expect(await outcome('directory')).toEqual(['The connection works.', 'It answers, and takes what is stored here'])
    expect(await outcome('strange')).toEqual([NO_GOOD, 'It refuses our own account our own account is refused: result 49'])
    expect(await outcome('empty')).toEqual([NO_GOOD, 'The place in the directory where people are looked for is not there result 32'])
  })
})

test('is for operators alone, after a recent sign-in, and never by looking', async () => {
  const hits = () => [...upstream.hits.values()].reduce((all, count) => all + count, 0)
  const before = hits()
  const question = await ada.open('/admin/providers/elsewhere/try-connection')
  expect([question.status, hits()]).toEqual([200, before])
  const lin = newBrowser(server.issuer)
  await openAccount(lin, '/account', 'lin')
  expect((await lin.open('/admin/providers/elsewhere/try-connection')).status).toBe(404)
  expect((await lin.open('/admin/providers/elsewhere/try-connection', { method: 'POST', body: new URLSearchParams(), headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status).toBe(404)
  expect((await ada.open('/admin/providers/elsewhere/try-connection', { method: 'POST', body: new URLSearchParams(), headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status).toBe(403)
  expect((await ada.open('/admin/providers/ntu')).html).not.toContain('try-connection')
  expect((await ada.open('/admin/providers/nothing/try-connection')).status).toBe(404)
  await server.advance(700)
  expect((await ada.submit(question, 'csrf', {})).status).toBe(401)
  expect(hits()).toBe(before)
})
