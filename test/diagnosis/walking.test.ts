import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDiagnosis } from '../../src/management/diagnosis/read-diagnosis.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { authorizationUrl, basic, newPkce, obtainCode, redeem } from '../support/relying-party.ts'
import { CALLBACK } from '../support/world.ts'
import { ask, developer, diagnosisOf, hintNames, OPERATOR, pair, referenceOf, stranger } from './stage.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

test('a redirect URI with a slash too many: the owner sees the nearest registered one and where they differ, a stranger nothing', async () => {
  const answer = await fetch(authorizationUrl(server.issuer, newPkce(), { redirect_uri: `${CALLBACK}/` }), { headers: { accept: 'application/json' } })
  const body = (await answer.json()) as Record<string, unknown>
  const reference = referenceOf({ headers: answer.headers, body })
  expect(JSON.stringify(body)).not.toContain('planner.example.org')
  const found = await diagnosisOf(server, reference)
  expect(found).toMatchObject({ cause: 'redirect_uri.mismatch', clientId: 'planner', method: 'GET', endpoint: '/oauth/authorization', similar: 1, rule: 'RFC 9700 §4.1.3' })
  expect(pair(found, 'redirect_uri')).toEqual([`${CALLBACK}/`, CALLBACK])
  expect(hintNames(found)).toEqual(['difference_trailing_slash'])
  expect(await readDiagnosis(server.ctx, reference, stranger)).toBeUndefined()
  expect(await readDiagnosis(server.ctx, reference.toLowerCase().replace('-', ''), developer)).toMatchObject({ reference })
})

test('a wrong secret, an unknown client and a disabled one look alike outside; inside each has its cause, and the unknown one is operators only', async () => {
  const wrong = await ask(server, { grant_type: 'client_credentials' }, { authorization: basic('planner', 'wrong') })
  const unknown = await ask(server, { grant_type: 'client_credentials' }, { authorization: basic('planer', 'wrong') })
  const bare = ({ body: { error_uri: _reference, ...body } }: { body: Record<string, unknown> }): object => body
  expect([unknown.status, bare(unknown)]).toEqual([wrong.status, bare(wrong)])
  expect(await diagnosisOf(server, referenceOf(wrong))).toMatchObject({ cause: 'client_auth.secret' })
  expect(await readDiagnosis(server.ctx, referenceOf(unknown), developer)).toBeUndefined()
  const found = await diagnosisOf(server, referenceOf(unknown), OPERATOR)
  expect(found.cause).toBe('client.unknown')
  expect(found.hints).toEqual([{ name: 'nearest_client', values: { id: 'planner' } }])
})

test('a code that comes twice', async () => {
  const grant = await obtainCode(server.issuer, newBrowser(server.issuer))
  await redeem(server.issuer, grant)
  const found = await diagnosisOf(server, referenceOf(await redeem(server.issuer, grant)))
  expect(found.cause).toBe('code.reused')
  expect(hintNames(found)).toEqual(['first_used', 'all_revoked'])
})
